'use strict';

/**
 * A block of a page that is generated: what stands between `<!-- begin: NAME -->` and `<!-- end
 * -->`. All blocks of `text` are replaced; what `contents` doesn't have is an error, so none is
 * left behind.
 */
function replaceBlocks(text, contents) {
  return text.replace(/(<!-- begin: (.+?) -->\n)[\s\S]*?(<!-- end -->)/g, (_, begin, name, end) => {
    if (!(name in contents)) throw new Error(`nothing is generated for the block ${name}`);
    return `${begin}${contents[name]}\n${end}`;
  });
}

/**
 * A table in Markdown: the first row is its head, the columns from `firstNumber` on are figures.
 */
function markdownTable([head, ...rows], firstNumber) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, i) => (i < firstNumber ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

module.exports = { markdownTable, replaceBlocks };
