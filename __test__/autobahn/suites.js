'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { createInterface } = require('node:readline');

const { selfSigned } = require('../parity/harness/certificate');
const { BRIEF } = require('./cases');

const VENV = process.env.AUTOBAHN_VENV ?? path.join(__dirname, '..', '..', '.autobahn', 'venv');

/**
 * Longer than any run that makes progress, even with all of 12 and 13. A suite that takes longer
 * hangs.
 */
const LIMIT_MS = 5400000;

/**
 * The tested servers and clients by their names in the table, and the cases of a run that does not
 * choose any, if they are fewer than those of others.
 */
const SUITES = {
  'server native': { run: testServer, transport: 'native' },
  'server stream': { run: testServer, transport: 'stream' },
  'server TLS': { run: testServer, transport: 'tls' },
  'server listener': { run: testServer, transport: 'listener', cases: BRIEF },
  'server listener TLS': { run: testServer, transport: 'listener-tls', cases: BRIEF },
  'client native': { run: testClient, transport: 'native' },
  'client stream': { run: testClient, transport: 'stream' },
  'client TLS': { run: testClient, transport: 'native', isSecure: true, cases: BRIEF },
  'ws server': { run: testServer, api: 'ws', transport: 'native' },
  'ws client': { run: testClient, api: 'ws', transport: 'native' },
};

/** The programs that echo, by API. */
const PROGRAMS = {
  websocket: { server: 'echo-server.js', client: 'echo-client.js' },
  ws: { server: 'ws-echo-server.js', client: 'ws-echo-client.js' },
};

/**
 * @param {keyof typeof SUITES} name
 * @param {string[]} cases
 * @returns {Promise<Record<string, string>>} the verdict of each case
 */
async function runSuite(name, cases) {
  if (!(name in SUITES))
    throw new Error(`no suite "${name}"; there are: ${Object.keys(SUITES).join('; ')}`);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'autobahn-'));
  try {
    const { api = 'websocket', run, ...suite } = SUITES[name];
    await run(folder, cases, suite, PROGRAMS[api]);
    return readVerdicts(folder);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

async function testServer(folder, cases, { transport }, { server: program }) {
  const server = start(process.execPath, [path.join(__dirname, program), transport]);
  try {
    const [port] = await once(createInterface({ input: server.stdout }), 'line');
    const scheme = /tls$/.test(transport) ? 'wss' : 'ws';
    const servers = [{ agent: 'ours', url: `${scheme}://127.0.0.1:${port}` }];
    await finished(startSuite(folder, 'fuzzingclient', { servers, cases }));
  } finally {
    server.kill();
  }
}

async function testClient(folder, cases, { transport, isSecure }, { client: program }) {
  const port = await freePort();
  const url = `${isSecure ? 'wss' : 'ws'}://127.0.0.1:${port}`;
  const files = isSecure ? writeCertificate(folder) : undefined;
  const suite = startSuite(folder, 'fuzzingserver', { url, cases, ...files });
  try {
    await listening(port, suite);
    const client = [path.join(__dirname, program), transport, url, 'ours'];
    if (files) client.push(files.cert);
    await finished(start(process.execPath, client));
    // The suite writes its reports after the client's last connection.
    await line(suite, 'Report generation complete');
  } finally {
    suite.kill();
  }
}

/** Writes a certificate for the suite's own server. @returns what its specification says of it */
function writeCertificate(folder) {
  const files = {};
  for (const [name, text] of Object.entries(selfSigned())) {
    files[name] = path.join(folder, `${name}.pem`);
    fs.writeFileSync(files[name], text);
  }
  return files;
}

/** Starts wstest in `mode`. The report holds the result. The exit status tells nothing. */
function startSuite(folder, mode, spec) {
  const file = path.join(folder, 'spec.json');
  const complete = { outdir: folder, 'exclude-cases': [], 'exclude-agent-cases': {}, ...spec };
  fs.writeFileSync(file, JSON.stringify(complete));
  const suite = start(path.join(VENV, 'bin', 'wstest-run'), ['-m', mode, '-u', '0', '-s', file]);
  suite.lines = [];
  createInterface({ input: suite.stdout }).on('line', (text) => {
    suite.lines.push(text);
    suite.emit('line');
  });
  return suite;
}

function start(command, args) {
  return spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], timeout: LIMIT_MS });
}

async function finished(child) {
  child.stdout.resume();
  const [code, signal] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${child.spawnargs.join(' ')} ended with ${signal ?? code}`);
}

async function line(suite, text) {
  while (!suite.lines.some((seen) => seen.includes(text))) {
    if (suite.exitCode !== null) throw new Error('wstest ended before its report was complete');
    await Promise.race([once(suite, 'line'), once(suite, 'exit')]);
  }
}

async function listening(port, suite) {
  for (;;) {
    const socket = net.connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch {
      if (suite.exitCode !== null) throw new Error(`wstest ended:\n${suite.lines.join('\n')}`);
      // wstest does not report when it listens, so this tries again after each refusal.
      await new Promise((resolve) => setTimeout(resolve, 50));
    } finally {
      socket.destroy();
    }
  }
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

function readVerdicts(folder) {
  const index = path.join(folder, 'index.json');
  if (!fs.existsSync(index)) throw new Error('wstest has written no report');
  const report = JSON.parse(fs.readFileSync(index, 'utf8')).ours;
  const ids = Object.keys(report).sort(byCase);
  return Object.fromEntries(
    ids.map((id) => {
      const { behavior, behaviorClose } = report[id];
      const closedWell = behaviorClose === behavior || behaviorClose === 'OK';
      return [id, closedWell ? behavior : `${behavior}, close ${behaviorClose}`];
    }),
  );
}

/** Compares ids by number: 1.10.2 comes after 1.9.1. */
function byCase(a, b) {
  const [left, right] = [a, b].map((id) => id.split('.').map(Number));
  for (let i = 0; i < left.length; i++) {
    if (left[i] !== right[i]) return left[i] - (right[i] ?? -1);
  }
  return left.length - right.length;
}

module.exports = { SUITES, runSuite };
