'use strict';

/**
 * Runs scenarios and prints their traces side by side.
 *
 *   node __test__/parity/run.js [--api websocket|ws] [--only NAME] [--group NAME]
 *                               [--transport native|stream|tls] [--subject MODULE]
 *                               [--watchdog MS] [--undeclared] [--all] [--list]
 *
 * --only and --group take a part of a name. --subject compares another module than this package.
 * --watchdog sets after how long without an event a scenario hangs. --undeclared ignores the
 * declared differences. --all also prints the traces that agree.
 */
const path = require('node:path');
const { parseArgs } = require('node:util');
const APIS = require('./harness/apis');
const { compareTraces, problems } = require('./harness/compare');
const runner = require('./harness/runner');

const { values: options } = parseArgs({
  options: {
    api: { type: 'string', default: 'websocket' },
    only: { type: 'string', default: '' },
    group: { type: 'string', default: '' },
    transport: { type: 'string' },
    subject: { type: 'string' },
    watchdog: { type: 'string' },
    undeclared: { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
});

const watchdog = options.watchdog ? Number(options.watchdog) : undefined;
const WIDTH = Math.max(40, Math.floor(((process.stdout.columns || 160) - 6) / 2));
const MARKS = { same: ' ', declared: '~', different: '≠' };

function cut(entry) {
  const text = entry === undefined ? '' : JSON.stringify(entry);
  const lines = [];
  for (let at = 0; at < text.length; at += WIDTH) lines.push(text.slice(at, at + WIDTH));
  return lines.length > 0 ? lines : [''];
}

function printRow(row) {
  if (row.missing) {
    console.log(`≠ declared, but not there: ${row.row}`);
    return;
  }
  const left = cut(row.upstream);
  const right = row.kind === 'same' ? ['″'] : cut(row.ours);
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const mark = i === 0 ? MARKS[row.kind] : ' ';
    console.log(`${mark} ${(left[i] ?? '').padEnd(WIDTH)} │ ${right[i] ?? ''}`);
  }
}

function printTraces(upstream, ours, differs) {
  for (const { name, rows } of compareTraces(upstream.lanes, ours.lanes, differs)) {
    console.log(`── ${name}: ${'upstream'.padEnd(WIDTH - name.length - 2)} │ ours`);
    rows.forEach(printRow);
  }
  for (const [who, { failure }] of Object.entries({ upstream, ours })) {
    if (failure) console.log(`${who} ${failure.kind}: ${failure.message} ${failure.waits ?? ''}`);
  }
}

function report(scenario, transport, upstream, ours) {
  const differs = options.undeclared ? [] : runner.differencesOn(scenario, transport);
  const failed = problems(upstream, ours, differs).length > 0;
  if (failed || options.all || options.only) {
    console.log(`\n${failed ? 'FAIL' : 'ok'}  ${scenario.name} [${transport}]`);
    printTraces(upstream, ours, differs);
  }
  return failed;
}

/** Runs a group on upstream once for each transport that upstream itself has. */
function references(api, group) {
  const runs = new Map();
  return (transport) => {
    const key = api.transports[transport].upstream;
    if (!runs.has(key)) {
      runs.set(key, runner.runGroup({ ...runner.upstreamJob(api, group, transport), watchdog }));
    }
    return runs.get(key);
  };
}

async function runGroup(api, group, transports) {
  const subject = options.subject ? require.resolve(path.resolve(options.subject)) : api.ours;
  const reference = references(api, group);
  const failures = [];
  for (const transport of transports) {
    const job = { ...runner.ownJob(api, group, transport, subject), watchdog };
    const [theirs, own] = await Promise.all([reference(transport), runner.runGroup(job)]);
    for (const scenario of group.scenarios) {
      const { name } = scenario;
      const failed = report(scenario, transport, theirs.get(name), own.get(name));
      if (failed) failures.push(`${group.name}: ${name} [${transport}]`);
    }
  }
  return failures;
}

/** The API and the transports that the command line names. */
function chosen() {
  const api = APIS[options.api];
  if (!api) throw new Error(`--api is ${Object.keys(APIS).join(' or ')}`);
  const transports = options.transport ? [options.transport] : Object.keys(api.transports);
  if (!transports.every((name) => name in api.transports)) {
    throw new Error(`--transport is ${Object.keys(api.transports).join(' or ')}`);
  }
  return { api, transports };
}

async function main() {
  const { api, transports } = chosen();
  let count = 0;
  const failures = [];
  for (const group of runner.loadGroups(api)) {
    const scenarios = group.scenarios.filter(
      ({ name }) => name.includes(options.only) && group.name.includes(options.group),
    );
    if (scenarios.length === 0) continue;
    count += scenarios.length;
    if (options.list) for (const { name } of scenarios) console.log(`${group.name}: ${name}`);
    else failures.push(...(await runGroup(api, { ...group, scenarios }, transports)));
  }
  console.log(`\n${count} scenarios on ${transports.join(' and ')}, ${failures.length} failures`);
  for (const failure of failures) console.log(`  ${failure}`);
  process.exitCode = count === 0 || failures.length > 0 ? 1 : 0;
}

main();
