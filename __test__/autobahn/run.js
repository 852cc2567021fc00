'use strict';

/**
 * Runs the Autobahn test suite against this package: its server on both transports, over Node's TLS,
 * and on servers of `websocket-native/http` and `/https`; its client on both transports and over
 * TLS; and both of its API of ws. Prints a table. The exit status is 1 if a verdict is not the
 * expected one, or is never acceptable.
 *
 *   npm run test:autobahn -- [--all] [--cases LIST] [--suites LIST] [--update]
 *
 *   --all      every case, a quarter of an hour for each suite. By default, the cases of 12 and 13
 *              with large messages are omitted, and some suites run fewer (BRIEF in cases.js)
 *   --cases    comma list of case ids, prefixes such as 6.*, and pmd-fast instead
 *   --suites   comma list of the suites in suites.js, such as "server native"
 *   --update   write the verdicts seen to expected.json, for a reader to judge the difference
 *
 * The suite does not check whether a close frame came before the end of TCP. `__test__/conformance`
 * does.
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { ALL, EVERY_TIME, casesIn } = require('./cases');
const { SUITES, runSuite } = require('./suites');
const { judge, printTable } = require('./verdicts');

const EXPECTED = path.join(__dirname, 'expected.json');
/** Verdicts of the ws suites that are others than those in expected.json. */
const EXPECTED_WS = require('./expected.ws.json');

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});

async function main() {
  const { values: options } = parseArgs({
    options: {
      all: { type: 'boolean' },
      cases: { type: 'string' },
      suites: { type: 'string' },
      update: { type: 'boolean' },
    },
  });
  const chosen = options.cases ? casesIn(options.cases) : options.all ? ALL : undefined;
  const casesOf = (name) => chosen ?? SUITES[name]?.cases ?? EVERY_TIME;
  const names = options.suites?.split(',') ?? Object.keys(SUITES);
  setUp();
  const results = {};
  for (const name of names) {
    const from = Date.now();
    results[name] = await runSuite(name, casesOf(name));
    console.log(
      `${name}: ${Object.keys(results[name]).length} cases in ${(Date.now() - from) / 1000} s`,
    );
  }
  const expected = JSON.parse(fs.readFileSync(EXPECTED, 'utf8'));
  if (options.update) {
    Object.assign(expected, results[names.find((name) => SUITES[name].api !== 'ws')]);
    fs.writeFileSync(EXPECTED, `${JSON.stringify(expected, null, 1)}\n`);
  }
  const complaints = Object.entries(results).flatMap(([name, verdicts]) => {
    const own = SUITES[name].api === 'ws' ? { ...expected, ...EXPECTED_WS } : expected;
    return judge({ [name]: verdicts }, own, casesOf(name));
  });
  for (const complaint of complaints) console.log(complaint);
  printTable(results);
  if (complaints.length > 0) process.exitCode = 1;
}

/**
 * The suite needs Python 2.7 and pinned packages. setup.sh installs them into a separate folder.
 */
function setUp() {
  const { status } = spawnSync(path.join(__dirname, 'setup.sh'), { stdio: 'inherit' });
  if (status !== 0) throw new Error(`setup.sh stopped with status ${status}`);
}
