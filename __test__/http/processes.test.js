'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const nodeHttp = require('node:http');
const path = require('node:path');
const { describe } = require('node:test');

const { same } = require('./support/both');

/** Runs a program with Node's servers or with ours. Returns what it writes, and how it ends. */
async function run({ after, http }, name, ...args) {
  const file = path.join(__dirname, 'programs', name);
  const whose = http === nodeHttp ? 'node' : 'ours';
  const child = spawn(process.execPath, [file, whose, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  after(() => child.kill('SIGKILL'));
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  const [code, signal] = await once(child, 'close');
  return [output, code, signal];
}

describe('A process with a server lives as with that of Node', () => {
  const deeds = {
    'not for its own sake after unref()': 'unref',
    'not for its own sake after an earlier unref()': 'unrefEarly',
    'for its own sake after a later ref()': 'refAgain',
    'no longer when it has closed': 'close',
    'no longer when it has closed behind an answer': 'closeAfterClient',
    'for the sake of a socket of a handshake': 'upgrade',
    'until exit()': 'exit',
  };
  for (const [name, deed] of Object.entries(deeds)) {
    same(name, (stage) => run(stage, 'lives.js', deed));
  }
});

describe('A server shares its port as that of Node', () => {
  same('with workers of a cluster that takes turns', (stage) => run(stage, 'cluster.js', 'rr'));
  same('with workers of a cluster that all accept', (stage) => run(stage, 'cluster.js', 'none'));
  same('with threads that listen on one descriptor', (stage) => run(stage, 'threads.js'));
});
