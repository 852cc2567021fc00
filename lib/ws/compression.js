'use strict';

const { constants } = require('node:zlib');

const { MOST_WINDOW_BITS } = require('../internal/engine/abi');

const {
  Z_DEFAULT_LEVEL,
  Z_DEFAULT_MEMLEVEL,
  Z_DEFAULT_STRATEGY,
  Z_FIXED,
  Z_MAX_LEVEL,
  Z_MAX_MEMLEVEL,
  Z_MIN_LEVEL,
  Z_MIN_MEMLEVEL,
} = constants;

/** Frozen compressions by their content: at most a few hundred for each set of options. */
const compressions = new Map();

/**
 * The engine's option for the compression that a handshake has agreed on. Equal agreements share
 * one object.
 *
 * @param {import('./PerMessageDeflate')} perMessageDeflate
 */
function linkCompression(perMessageDeflate) {
  const { params, _isServer: isServer, _options: options } = perMessageDeflate;
  const serverNoContextTakeover = Boolean(params.server_no_context_takeover);
  const clientNoContextTakeover = Boolean(params.client_no_context_takeover);
  const dropsContext = isServer ? serverNoContextTakeover : clientNoContextTakeover;
  const { level, memLevel, strategy } = options.zlibDeflateOptions ?? {};
  const compression = {
    serverNoContextTakeover,
    clientNoContextTakeover,
    serverMaxWindowBits: windowBits(params.server_max_window_bits),
    clientMaxWindowBits: windowBits(params.client_max_window_bits),
    // A kept context makes even short messages shorter.
    threshold: dropsContext ? perMessageDeflate._threshold : 0,
    level: integer(level, [Z_MIN_LEVEL, Z_MAX_LEVEL], Z_DEFAULT_LEVEL),
    memLevel: integer(memLevel, [Z_MIN_MEMLEVEL, Z_MAX_MEMLEVEL], Z_DEFAULT_MEMLEVEL),
    strategy: integer(strategy, [Z_DEFAULT_STRATEGY, Z_FIXED], Z_DEFAULT_STRATEGY),
  };
  const key = Object.values(compression).join(',');
  if (!compressions.has(key)) compressions.set(key, Object.freeze(compression));
  return compressions.get(key);
}

/** @param {unknown} bits of a window that was negotiated, or anything else */
function windowBits(bits) {
  return typeof bits === 'number' ? bits : MOST_WINDOW_BITS;
}

/**
 * @param {unknown} value an option of zlib's
 * @param {number[]} range both ends included
 * @param {number} otherwise in place of a value that zlib refuses
 */
function integer(value, [least, most], otherwise) {
  const isAccepted = typeof value === 'number' && value >= least && value <= most;
  return isAccepted ? Math.trunc(value) : otherwise;
}

module.exports = { linkCompression };
