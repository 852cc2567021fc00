'use strict';

/**
 * Replaces the generated blocks of a page, from `<!-- begin: NAME -->` to `<!-- end -->`. A block
 * that `contents` does not have is an error, so no old one remains.
 */
function replaceBlocks(text, contents) {
  return text.replace(/(<!-- begin: (.+?) -->\n)[\s\S]*?(<!-- end -->)/g, (_, begin, name, end) => {
    if (!(name in contents)) throw new Error(`nothing is generated for the block ${name}`);
    return `${begin}${contents[name]}\n${end}`;
  });
}

/**
 * A table in Markdown. Its first row is the head; the columns from `firstNumber` on are figures.
 */
function markdownTable([head, ...rows], firstNumber) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, i) => (i < firstNumber ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

module.exports = { markdownTable, replaceBlocks };
