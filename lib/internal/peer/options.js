'use strict';

const { calls, engine } = require('../engine/delivery');

const DEFAULT_CLOSE_TIMEOUT = 5000;
const DEFAULT_HIGH_WATER_MARK = 16 * 1024;

/** Bits in what the engine's `open` takes first. */
const MASKS = 1;
const WANTS_MASK = 2;
const REFUSES_MASK = 4;
const ASSEMBLES = 8;
const FRAGMENTS = 16;
const KEEPS_ALIVE = 32;
const DROPS = 64;

/**
 * Makes the engine's side of a connection. An application may construct a connection with part of a
 * config only; limits that it leaves out don't limit.
 *
 * @param {any} socket
 * @param {boolean} maskOutgoing
 * @param {any} config
 * @param {'server' | 'client' | undefined} role
 * @param {any} deflate what was agreed on for compression, or null
 * @returns {number} its slot
 */
function openLink(socket, maskOutgoing, config, role, deflate) {
  let flags = maskOutgoing ? MASKS : 0;
  if (config.keepalive && !config.useNativeKeepalive) {
    checkKeepalive(config);
    flags |= KEEPS_ALIVE;
    if (config.dropConnectionOnKeepaliveTimeout) flags |= DROPS;
  }
  // RFC 6455 §5.1: a client masks, a server must not.
  if (config.requireMasking ?? role !== undefined)
    flags |= maskOutgoing ? REFUSES_MASK : WANTS_MASK;
  if (config.assembleFragments) flags |= ASSEMBLES;
  const threshold = numberOr(config.fragmentationThreshold, undefined);
  if (config.fragmentOutgoingMessages && threshold !== undefined) flags |= FRAGMENTS;
  const most = Math.floor(Number(config.maxFragments));
  return calls.open(
    flags,
    numberOr(config.maxReceivedFrameSize, Number.POSITIVE_INFINITY),
    numberOr(config.maxReceivedMessageSize, Number.POSITIVE_INFINITY),
    most >= 1 && most <= 0xffffffff ? most : 0,
    threshold ?? 0,
    (flags & KEEPS_ALIVE) !== 0 ? config.keepaliveInterval : 0,
    (flags & DROPS) !== 0 ? config.keepaliveGracePeriod : 0,
    numberOr(config.closeTimeout, DEFAULT_CLOSE_TIMEOUT),
    numberOr(config.highWaterMark, numberOr(socket.writableHighWaterMark, DEFAULT_HIGH_WATER_MARK)),
    deflate === null ? 0 : packDeflate(deflate, role === 'client'),
    deflate === null ? 0 : deflate.threshold,
  );
}

/**
 * From the lowest bits: our window, level + 1, memLevel and the peer's window, four bits each;
 * whether our messages and the peer's may refer to earlier ones.
 *
 * @param {any} deflate
 * @param {boolean} isClient
 */
function packDeflate(deflate, isClient) {
  const { serverMaxWindowBits, clientMaxWindowBits, level, memLevel } = deflate;
  const server = [serverMaxWindowBits, deflate.serverNoContextTakeover ? 0 : 1];
  const client = [clientMaxWindowBits, deflate.clientNoContextTakeover ? 0 : 1];
  const [[ourWindow, ourContext], [theirWindow, theirContext]] = isClient
    ? [client, server]
    : [server, client];
  const numbers = ourWindow | ((level + 1) << 4) | (memLevel << 8) | (theirWindow << 12);
  return numbers | (ourContext << 16) | (theirContext << 17);
}

/** @param {any} config */
function checkKeepalive(config) {
  if (typeof config.keepaliveInterval !== 'number') {
    throw new Error('keepaliveInterval must be specified and numeric if keepalive is true.');
  }
  if (config.dropConnectionOnKeepaliveTimeout && typeof config.keepaliveGracePeriod !== 'number') {
    throw new Error(
      'keepaliveGracePeriod  must be specified and numeric if dropConnectionOnKeepaliveTimeout is true.',
    );
  }
}

/**
 * @template {number | undefined} T
 * @param {any} value
 * @param {T} otherwise
 * @returns {number | T}
 */
function numberOr(value, otherwise) {
  return typeof value === 'number' && !Number.isNaN(value) ? value : otherwise;
}

/**
 * Applies the limits that an application may change on an open connection.
 *
 * @param {any} connection
 */
function applyLimits(connection) {
  if (connection._slot === -1) return;
  engine.setLimits(
    connection._slot,
    numberOr(connection.maxReceivedMessageSize, Number.POSITIVE_INFINITY),
    numberOr(connection.closeTimeout, DEFAULT_CLOSE_TIMEOUT),
  );
}

module.exports = { applyLimits, openLink };
