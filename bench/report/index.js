'use strict';

/**
 * Makes the charts and the generated blocks of the pages from the file of `npm run bench -- --json
 * FILE`.
 *
 *   npm run bench:report [FILE]
 */

const fs = require('node:fs');
const path = require('node:path');

const { replaceBlocks } = require('./blocks');
const { chartsOf } = require('./charts');
const { blocksOf } = require('./pages');

const ROOT = path.join(__dirname, '..', '..');
const RESULTS = path.join(__dirname, '..', 'results.json');
const CHARTS = 'docs/performance';
const PAGES = ['README.md', 'docs/performance.md'];

/** The content of every generated file, by its path in the repository. */
function filesOf(report) {
  const charts = chartsOf(report);
  const pages = PAGES.map((page) => {
    const folder = path.posix.relative(path.posix.dirname(page), CHARTS);
    const text = fs.readFileSync(path.join(ROOT, page), 'utf8');
    return [page, replaceBlocks(text, blocksOf(report, charts, folder))];
  });
  return Object.fromEntries([
    ...charts.map(({ file, svg }) => [`${CHARTS}/${file}`, svg]),
    ...pages,
  ]);
}

function readResults(file = RESULTS) {
  return JSON.parse(fs.readFileSync(file, 'utf8'));
}

function main([file]) {
  for (const [name, content] of Object.entries(filesOf(readResults(file)))) {
    fs.mkdirSync(path.dirname(path.join(ROOT, name)), { recursive: true });
    fs.writeFileSync(path.join(ROOT, name), content);
    console.log(name);
  }
}

if (require.main === module) main(process.argv.slice(2));

module.exports = { filesOf, readResults };
