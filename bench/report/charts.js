'use strict';

const { mediansOf } = require('../figures');
const { number } = require('./format');
const { barChart } = require('./svg/bars');

/** Less than this would be shown as 0.00. */
const LEAST = 0.005;

/** The common properties of the charts of CPU time. */
const CPU = {
  parts: ['js', 'all'],
  legend: ['JavaScript thread', 'other threads'],
  text: (js, all) => (all - js < LEAST ? number(js) : `${number(js)} + ${number(all - js)}`),
  note: 'less is better; behind each bar: JavaScript thread + other threads',
};
const LATENCY = {
  parts: ['p50', 'p99'],
  legend: ['median', '99th percentile'],
  text: (p50, p99) => `${number(p50)} – ${number(p99)}`,
  note: 'less is better; behind each bar: median – 99th percentile',
};
const SOME = ['websocket', 'ws', 'uws', 'native'];
const MOST = ['websocket', 'ws', 'ws-bufferutil', 'uws', 'native'];
const ALL = [...MOST, 'native-stream', 'floor'];
const CALLING_BACK = ['websocket', 'ws', 'ws-bufferutil', 'native', 'native-stream'];
const API_OF_WS = ['ws', 'native-ws', 'native-ws-stream'];
const ON_OWN_LISTENER = ['native-listener', 'native-ws-listener'];
const LISTENING = ['websocket', 'ws', 'uws', 'native', ...ON_OWN_LISTENER];
const COMPRESSING = ['ws', 'uws', 'native', 'native-stream'];
/** Cells of compressed JSON, by its size. */
const COMPRESSED = {
  'deflate-50x1x256': '256 B',
  'deflate-50x1x4096': '4 KiB',
  'deflate-50x1x65536': '64 KiB',
};

/**
 * The charts that a run gives. Each shows one quantity, in panels of one cell each.
 *   parts    the medians that a bar shows; the second of two includes the first
 *   legend   the names of the parts
 *   text     the text behind a bar
 *   panels   the cells and their titles
 *   about    the peer without which the chart shows nothing, if there is one
 */
const CHARTS = [
  {
    file: 'cpu.svg',
    title: 'CPU time of a server per echoed message',
    unit: 'µs, 64 B of text',
    ...CPU,
    peers: SOME,
    panels: {
      '50x1x64': '50 connections × 1 in flight',
      '50x16x64': '50 connections × 16 in flight',
    },
  },
  {
    file: 'cpu-application.svg',
    title: 'CPU time of a server per request of an application',
    unit: 'µs, 1 KiB of JSON, 50 connections, 4 requests in flight on each',
    ...CPU,
    peers: [...MOST, 'native-stream'],
    panels: { 'app-50x4x1024': 'parse, change, stringify, answer' },
  },
  {
    file: 'cpu-callback.svg',
    title: 'CPU time per echoed message, sent with a callback',
    unit: 'µs, 64 B of text',
    ...CPU,
    peers: CALLING_BACK,
    panels: {
      '50x1x64-callback': '50 connections × 1 in flight',
      '50x16x64-callback': '50 connections × 16 in flight',
    },
  },
  {
    file: 'cpu-ws.svg',
    title: 'CPU time of a server with the API of ws, per echoed message',
    unit: 'µs, 64 B, 50 connections',
    ...CPU,
    about: 'native-ws',
    peers: API_OF_WS,
    columns: 2,
    panels: {
      '50x1x64': 'text, 1 in flight',
      '50x16x64': 'text, 16 in flight',
      '50x1x64-binary': 'binary, 1 in flight',
      '50x16x64-binary': 'binary, 16 in flight',
      '50x1x64-callback': 'text with a callback, 1 in flight',
      '50x16x64-callback': 'text with a callback, 16 in flight',
      'engineio-50x1': 'text through engine.io, 1 in flight',
      'engineio-50x16': 'text through engine.io, 16 in flight',
    },
  },
  {
    file: 'stream-pipe.svg',
    title: 'What goes through createWebSocketStream(), piped into itself',
    unit: 'MB/s, 64 KiB binary, 1 connection, 16 in flight',
    note: 'more is better',
    about: 'native-ws',
    parts: ['megabytes'],
    peers: [...API_OF_WS, 'ws-bufferutil'],
    panels: { 'stream-pipe-1x16x65536': 'in each direction' },
  },
  {
    file: 'cpu-by-connections.svg',
    title: 'CPU time per echoed message, by connections',
    unit: 'µs, 64 B of text, 1 message in flight on each connection',
    ...CPU,
    peers: ALL,
    panels: {
      '50x1x64': '50 connections',
      '1000x1x64': '1,000 connections',
      '5000x1x64': '5,000 connections',
    },
  },
  {
    file: 'cpu-by-size.svg',
    title: 'CPU time per echoed message, by its size',
    unit: 'µs, 50 connections, 1 message in flight on each',
    ...CPU,
    peers: ALL,
    columns: 2,
    panels: {
      '50x1x1024': '1 KiB of ASCII text',
      '50x1x1024-utf8': '1 KiB of text in several scripts',
      '50x1x16384': '16 KiB of ASCII text',
      '50x1x16384-binary': '16 KiB of binary',
    },
  },
  {
    file: 'cpu-one-core.svg',
    title: 'CPU time per echoed message, server on one core',
    unit: 'µs, 64 B of text, 1 message in flight on each connection',
    ...CPU,
    peers: MOST,
    panels: { '50x1x64-one-core': '50 connections', '1000x1x64-one-core': '1,000 connections' },
  },
  {
    file: 'throughput.svg',
    title: 'What goes through a server on two cores, the load beside it',
    unit: '',
    note: 'more is better',
    parts: [{ '8x1x1048576-binary': 'megabytes', '50x16x64': 'rate' }],
    peers: ALL,
    panels: {
      '50x16x64': 'messages/s, 64 B, 50 × 16 in flight',
      '8x1x1048576-binary': 'MB/s, 1 MiB binary, 8 × 1 in flight',
    },
  },
  {
    file: 'latency.svg',
    title: 'Latency of an echo, as the client sees it',
    unit: 'µs, 64 B of text',
    ...LATENCY,
    peers: ALL,
    panels: {
      '1x1x64': '1 connection × 1 in flight',
      '50x1x64': '50 connections × 1 in flight',
    },
  },
  {
    file: 'broadcast.svg',
    title: 'CPU time of a server per delivery of a broadcast',
    unit: 'µs',
    ...CPU,
    peers: [...SOME, 'native-stream'],
    panels: {
      'broadcast-1000x64': '64 B to 1,000 connections',
      'broadcast-1000x1024': '1 KiB to 1,000 connections',
      'broadcast-5000x64': '64 B to 5,000 connections',
      'broadcast-5000x1024': '1 KiB to 5,000 connections',
    },
  },
  {
    file: 'other-work.svg',
    title: 'CPU time of TLS, of clients, and of coming and going',
    unit: 'µs',
    ...CPU,
    peers: MOST,
    panels: {
      'tls-50x1x64': 'echo of 64 B over TLS',
      'client-50x1x64': 'as a client, 64 B',
      'connect-close': 'connect and close',
    },
  },
  {
    file: 'cpu-tls.svg',
    title: 'CPU time of a server per echoed message over TLS',
    unit: 'µs, 50 connections',
    ...CPU,
    about: 'native-listener',
    peers: LISTENING,
    columns: 2,
    panels: {
      'tls-50x1x64': '64 B of text, 1 in flight',
      'tls-50x16x64': '64 B of text, 16 in flight',
      'tls-50x1x16384': '16 KiB of text, 1 in flight',
      'tls-50x1x16384-binary': '16 KiB of binary, 1 in flight',
    },
  },
  {
    file: 'connecting.svg',
    title: 'CPU time of a server per connection',
    unit: 'µs',
    ...CPU,
    about: 'native-listener',
    peers: LISTENING,
    columns: 2,
    panels: {
      'connect-close': 'connect and close',
      'tls-connect-close': 'the same over TLS, ECDSA P-256',
      'tls-connect-close-rsa': 'over TLS, RSA 2048',
      'tls-connect-close-resumed': 'over TLS, resumed',
      'storm-500': '500 clients connect at once',
      'tls-storm-500': 'the same over TLS, ECDSA P-256',
    },
  },
  {
    file: 'memory-listener.svg',
    title: 'Memory of an idle connection on each listener',
    unit: 'KiB by which the process grows in RAM for each connection',
    note: 'less is better',
    about: 'native-listener',
    parts: ['resident'],
    peers: LISTENING,
    panels: { 'idle-5000': '5,000 connections', 'tls-idle-2000': '2,000 connections over TLS' },
  },
  {
    file: 'cpu-deflate.svg',
    title: 'CPU time of a server per echoed message, compressed both ways',
    unit: 'µs, JSON, 50 connections, 1 message in flight on each',
    ...CPU,
    peers: COMPRESSING,
    panels: COMPRESSED,
  },
  {
    file: 'wire-deflate.svg',
    title: 'What an answer takes on the wire, compressed',
    unit: 'bytes of payload',
    note: 'less is better',
    parts: ['wire'],
    peers: COMPRESSING,
    panels: COMPRESSED,
  },
  {
    file: 'memory-deflate.svg',
    title: 'Memory of a connection that compresses',
    unit: 'KiB by which the process grows in RAM for each connection',
    note: 'less is better',
    parts: ['resident'],
    peers: COMPRESSING,
    columns: 2,
    panels: {
      'deflate-idle-1000': '1,000 idle, after texts of 4 KiB',
      'deflate-50x1x256': '50 busy, 256 B',
      'deflate-50x1x4096': '50 busy, 4 KiB',
      'deflate-50x1x65536': '50 busy, 64 KiB',
    },
  },
  {
    file: 'memory.svg',
    title: 'Memory of an idle connection',
    unit: 'KiB by which the process grows in RAM for each connection',
    note: 'less is better',
    parts: ['resident'],
    peers: [...SOME, 'native-stream'],
    panels: /^idle-/,
  },
];

/** The charts with at least one panel in the run, as { file, title, description, svg }. */
function chartsOf(report) {
  return CHARTS.map((chart) => drawChart(chart, report)).filter(Boolean);
}

function drawChart(chart, report) {
  const peers = report.peers.filter(({ name }) => chart.peers.includes(name));
  if (chart.about && !peers.some(({ name }) => name === chart.about)) return undefined;
  const panels = panelsOf(chart, report)
    .map(([cell, title]) => ({
      title,
      rows: peers.map((peer) => rowOf(chart, report, cell, peer)),
    }))
    .filter(({ rows }) => rows.some((row) => row.parts.length > 0));
  if (panels.length === 0) return undefined;
  const { file, title } = chart;
  const subtitle = [chart.unit, chart.note].filter(Boolean).join('; ');
  const legend = chart.legend ?? ['median'];
  const description = describe(panels);
  const columns = chart.columns ?? Math.min(panels.length, panels.length === 4 ? 2 : 3);
  const svg = barChart({ title, subtitle, description, legend, columns, panels });
  return { file, title, description, svg };
}

function panelsOf({ panels }, { cells }) {
  if (!(panels instanceof RegExp)) return Object.entries(panels);
  return cells
    .filter(({ name }) => panels.test(name))
    .map(({ name, connections }) => [name, `${connections.toLocaleString('en-US')} connections`]);
}

function rowOf(chart, { runs }, cell, peer) {
  const label = peer.title;
  const medians = mediansOf(runs, cell, peer.name);
  const metrics = chart.parts.map((part) => part[cell] ?? part);
  const values = metrics.map((metric) => medians?.[metric]);
  if (values.some((value) => value === undefined)) {
    return { label, ours: peer.ours, parts: [], text: 'not measured' };
  }
  const [first, second] = values;
  return {
    label,
    ours: peer.ours,
    parts: second === undefined ? [Math.max(first, 0)] : [first, second - first],
    text: chart.text?.(first, second) ?? number(first),
    range: rangeOf(runs, cell, peer.name, metrics.at(-1)),
  };
}

/** The least and the greatest value of a figure over the rounds. */
function rangeOf(runs, cell, peer, metric) {
  const own = runs.filter((run) => run.cell === cell && run.peer === peer && !run.error);
  const values = own.map((run) => run[metric]);
  return values.length > 1 ? [Math.max(Math.min(...values), 0), Math.max(...values)] : undefined;
}

function describe(panels) {
  return panels
    .map(
      ({ title, rows }) =>
        `${title}: ${rows.map(({ label, text }) => `${label} ${text}`).join(', ')}`,
    )
    .join('. ');
}

module.exports = { CHARTS, chartsOf };
