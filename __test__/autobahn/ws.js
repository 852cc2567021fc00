'use strict';

/**
 * The tested module with the ws API. AUTOBAHN_WS names another one; with `ws`, the suites run on
 * npm ws, whose verdicts are the expected ones.
 */
const WebSocket = require(process.env.AUTOBAHN_WS ?? '../../lib/ws');

/**
 * Compression is on for all groups, as in limits.js. The suite negotiates it in 12 and 13 only. Group
 * 9 sends messages of up to 65536 fragments, more than ws takes by default.
 */
const WS_OPTIONS = { perMessageDeflate: { threshold: 0 }, maxFragments: 131072 };

module.exports = { WS_OPTIONS, WebSocket };
