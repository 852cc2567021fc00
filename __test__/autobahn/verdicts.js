'use strict';

const COLUMNS = ['OK', 'NON-STRICT', 'INFORMATIONAL', 'FAILED', 'UNIMPLEMENTED'];

/**
 * The verdicts that expected.json may hold. All others are always faults, so --update can't accept
 * one by accident.
 */
const ACCEPTABLE = COLUMNS.slice(0, 3);

/**
 * Compares verdicts with the expected ones. A better verdict is a difference, too: then
 * expected.json is out of date.
 *
 * @param {Record<string, Record<string, string>>} results verdicts of the cases of each suite
 * @param {Record<string, string>} expected
 * @param {string[]} selection ids and prefixes of the selected cases
 * @returns {string[]} a line for each difference
 */
function judge(results, expected, selection) {
  const wanted = Object.keys(expected).filter((id) => selection.some((item) => matches(id, item)));
  const complaints = [];
  for (const [suite, verdicts] of Object.entries(results)) {
    for (const id of new Set([...wanted, ...Object.keys(verdicts)])) {
      const [got, want] = [verdicts[id] ?? 'no result', expected[id] ?? 'nothing'];
      if (got !== want) complaints.push(`${suite}: case ${id} is ${got}, expected is ${want}`);
      else if (!ACCEPTABLE.includes(got)) complaints.push(`${suite}: case ${id} is ${got}`);
    }
  }
  if (wanted.length === 0) complaints.push('no case was selected');
  return complaints;
}

/**
 * @param {string} id
 * @param {string} item an id, or a prefix that ends in `*`
 */
function matches(id, item) {
  return item.endsWith('*') ? id.startsWith(item.slice(0, -1)) : id === item;
}

/** @param {Record<string, Record<string, string>>} results */
function printTable(results) {
  console.log(`\n${tableOf(results).join('\n')}\n`);
}

/**
 * @param {Record<string, Record<string, string>>} results
 * @returns {string[]} a line for each group of cases in each suite, below that of the column names
 */
function tableOf(results) {
  const lines = [row('suite', 'group', COLUMNS)];
  for (const [suite, verdicts] of Object.entries(results)) {
    const groups = new Map();
    for (const [id, verdict] of Object.entries(verdicts)) {
      const group = id.split('.')[0];
      if (!groups.has(group)) groups.set(group, Array(COLUMNS.length).fill(0));
      // A case whose connection did not close well has failed, whatever its verdict is.
      groups.get(group)[COLUMNS.indexOf(COLUMNS.includes(verdict) ? verdict : 'FAILED')]++;
    }
    for (const [group, counts] of groups) lines.push(row(suite, group, counts));
  }
  return lines;
}

function row(suite, group, cells) {
  return `${suite.padEnd(20)}${group.padEnd(8)}${cells.map((cell) => String(cell).padStart(15)).join('')}`;
}

module.exports = { judge, printTable, tableOf };
