'use strict';

const BOTH_WS = (limit) => ({ ws: limit, 'ws-bufferutil': limit });

/** Targets of the API of npm `websocket`. */
const OF_NATIVE = [
  {
    cells: ['50x1x64', '1000x1x64'],
    metric: 'js',
    atMost: { websocket: 0.15, ...BOTH_WS(0.18), uws: 0.3 },
  },
  {
    cells: ['50x1x64', '1000x1x64'],
    metric: 'all',
    atMost: { websocket: 0.55, ...BOTH_WS(0.7), uws: 1.15 },
  },
  {
    cells: ['50x1x64-one-core', '1000x1x64-one-core'],
    metric: 'all',
    atMost: { websocket: 0.5, ...BOTH_WS(0.65), uws: 0.95 },
  },
  { cells: ['50x16x64'], metric: 'js', atMost: { websocket: 0.06, ...BOTH_WS(0.06), uws: 0.5 } },
  { cells: ['50x16x64'], metric: 'rate', atLeast: { websocket: 10, ...BOTH_WS(10), uws: 1.2 } },
  { cells: ['50x1x64-callback'], metric: 'js', atMost: BOTH_WS(0.2) },
  { cells: ['50x16x64-callback'], metric: 'js', atMost: BOTH_WS(0.08) },
  { cells: ['5000x1x64'], metric: 'all', atMost: { websocket: 0.5, ...BOTH_WS(0.5), uws: 1.2 } },
  { cells: ['50x1x1024'], metric: 'all', atMost: { websocket: 0.5, ...BOTH_WS(0.65), uws: 1.15 } },
  {
    cells: ['50x1x16384', '50x1x16384-binary'],
    metric: 'all',
    atMost: { websocket: 0.35, ...BOTH_WS(0.75), uws: 1.15 },
  },
  {
    cells: ['8x1x1048576-binary'],
    metric: 'megabytes',
    atLeast: { websocket: 3, ...BOTH_WS(1.5), uws: 1 },
  },
  { cells: ['1x1x64'], metric: 'p50', atMost: { websocket: 0.9, ...BOTH_WS(1), uws: 1.1 } },
  {
    cells: ['broadcast-1000x64'],
    metric: 'js',
    atMost: { websocket: 0.05, ws: 0.05, uws: 0.3 },
  },
  {
    cells: ['broadcast-1000x64'],
    metric: 'all',
    atMost: { websocket: 0.6, ws: 0.6, uws: 1 },
  },
  { cells: ['tls-50x1x64'], metric: 'all', atMost: { websocket: 0.8, ...BOTH_WS(1) } },
  {
    cells: ['deflate-50x1x256', 'deflate-50x1x4096', 'deflate-50x1x65536'],
    metric: 'js',
    atMost: { ws: 0.1 },
  },
  {
    cells: ['deflate-50x1x256', 'deflate-50x1x4096', 'deflate-50x1x65536'],
    metric: 'all',
    atMost: { ws: 0.7 },
  },
  {
    cells: ['deflate-idle-1000', 'deflate-50x1x256', 'deflate-50x1x4096', 'deflate-50x1x65536'],
    metric: 'resident',
    atMost: { ws: 0.5 },
  },
  { cells: ['connect-close'], metric: 'all', atMost: { websocket: 1, ws: 1.1 } },
  { cells: ['idle-5000'], metric: 'resident', atMost: { websocket: 0.6, ws: 1 } },
];

/** Targets of the API of npm `ws`. */
const OF_NATIVE_WS = [
  { cells: ['50x1x64', '50x1x64-binary'], metric: 'js', atMost: { ws: 0.15 } },
  { cells: ['50x16x64', '50x16x64-binary'], metric: 'js', atMost: { ws: 0.1 } },
  {
    cells: ['50x1x64-callback', '50x1x64-binary-callback'],
    metric: 'js',
    atMost: { ws: 0.2 },
  },
  {
    cells: ['50x16x64-callback', '50x16x64-binary-callback'],
    metric: 'js',
    atMost: { ws: 0.1 },
  },
  { cells: ['engineio-50x1'], metric: 'js', atMost: { ws: 0.35 } },
  { cells: ['engineio-50x16'], metric: 'js', atMost: { ws: 0.25 } },
  { cells: ['50x1x64', '50x1x16384-binary'], metric: 'all', atMost: { ws: 0.75 } },
  { cells: ['deflate-50x1x1024'], metric: 'all', atMost: { ws: 0.7 } },
  { cells: ['idle-5000'], metric: 'resident', atMost: { ws: 1 } },
  { cells: ['stream-pipe-1x16x65536'], metric: 'megabytes', atLeast: { ws: 1.3 } },
];

/** Targets of both APIs on this package's own listener. `ws` is on Node's HTTP server. */
const OF_LISTENERS = [
  { cells: ['tls-50x1x64'], metric: 'all', atMost: { ws: 0.6, uws: 1.1 } },
  { cells: ['tls-50x1x64'], metric: 'js', atMost: { ws: 0.12, uws: 0.2 } },
  { cells: ['tls-50x16x64'], metric: 'all', atMost: { ws: 0.35, uws: 0.85 } },
  { cells: ['tls-50x1x16384'], metric: 'all', atMost: { ws: 0.3, uws: 0.65 } },
  { cells: ['tls-50x1x16384-binary'], metric: 'all', atMost: { ws: 0.32, uws: 1 } },
  { cells: ['connect-close'], metric: 'all', atMost: { ws: 0.5, uws: 1.75 } },
  { cells: ['connect-close'], metric: 'js', atMost: { ws: 0.3 } },
  { cells: ['tls-connect-close'], metric: 'all', atMost: { ws: 0.35, uws: 1.1 } },
  { cells: ['tls-connect-close-rsa'], metric: 'all', atMost: { ws: 0.45, uws: 0.6 } },
  { cells: ['tls-connect-close-resumed'], metric: 'all', atMost: { ws: 0.35, uws: 1.15 } },
  { cells: ['idle-5000'], metric: 'resident', atMost: { ws: 0.4 } },
  { cells: ['tls-idle-2000'], metric: 'resident', atMost: { ws: 0.14, uws: 1.9 } },
];

/** Targets of both APIs' clients over TLS. */
const OF_TLS_CLIENTS = [{ cells: ['tls-client-50x1x64'], metric: 'js', atMost: { ws: 0.12 } }];

const of = (ours, targets) => targets.map((target) => ({ ours, ...target }));

/**
 * The targets of the package: the figure of `ours`, one of its own peers, divided by another
 * peer's, in the same run. `atMost` and `atLeast` are per peer. If a row has several cells, each
 * must reach it.
 */
const TARGETS = [
  ...of('native', [...OF_NATIVE, ...OF_TLS_CLIENTS]),
  ...of('native-ws', [...OF_NATIVE_WS, ...OF_TLS_CLIENTS]),
  ...of('native-listener', OF_LISTENERS),
  ...of('native-ws-listener', OF_LISTENERS),
];

const METRICS = {
  js: 'JS-thread CPU',
  all: 'all-thread CPU',
  rate: 'messages/s',
  megabytes: 'MB/s',
  p50: 'p50 latency',
  resident: 'KiB per connection',
};

module.exports = { METRICS, TARGETS };
