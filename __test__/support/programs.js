'use strict';

// The programs in the documentation.

/** A block of code, with its language and its content. */
const FENCE = /^```(\w*)\n([\s\S]*?)^```$/gm;

/** The programs of a page that are directly followed by a block with their output. */
function programsOf(text) {
  const blocks = [...text.matchAll(FENCE)];
  const followed = blocks.filter((block, index) => {
    const next = blocks[index + 1];
    const gap = next && text.slice(block.index + block[0].length, next.index);
    return block[1] === 'js' && next?.[1] === 'text' && gap.trim() === '';
  });
  return followed.map((block) => ({
    source: block[2],
    output: blocks[blocks.indexOf(block) + 1][2],
    line: text.slice(0, block.index).split('\n').length,
  }));
}

/** The commands of each block for a shell. */
function shellBlocksOf(text) {
  const blocks = [...text.matchAll(FENCE)].filter(([, language]) => language === 'sh');
  return blocks.map(([, , commands]) => commands.trim().split('\n'));
}

module.exports = { FENCE, programsOf, shellBlocksOf };
