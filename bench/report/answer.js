'use strict';

const { mediansOf } = require('../figures');
const { markdownTable } = require('./blocks');
const { number } = require('./format');

const PEERS = ['native', 'websocket', 'ws', 'uws'];

/** What a user gains, in a few figures: the first thing on the page. */
const ROWS = [
  { cell: '50x1x64', metric: 'js', what: 'JavaScript thread, µs for an echo of 64 B' },
  { cell: '50x1x64', metric: 'all', what: 'all threads, µs for an echo of 64 B' },
  { cell: '50x16x64', metric: 'rate', what: 'messages per second, 16 in flight' },
  { cell: 'app-50x4x1024', metric: 'js', what: 'JavaScript thread, µs to answer 1 KiB of JSON' },
  { cell: '1x1x64', metric: 'p50', what: 'latency of one connection, µs' },
  { cell: 'idle-5000', metric: 'resident', what: 'KiB for an idle connection' },
];

/** The table of these figures; a row that was not measured stays out. */
function answerTable({ peers, runs }) {
  const shown = PEERS.map((name) => peers.find((peer) => peer.name === name)).filter(Boolean);
  const rows = ROWS.flatMap(({ cell, metric, what }) => {
    const values = shown.map(({ name }) => mediansOf(runs, cell, name)?.[metric]);
    if (values.every((value) => value === undefined)) return [];
    return [[what, `\`${cell}\``, ...values.map(number)]];
  });
  const head = ['', 'cell', ...shown.map(({ title }) => title)];
  return markdownTable([head, ...rows], 2);
}

module.exports = { answerTable };
