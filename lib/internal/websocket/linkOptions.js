'use strict';

const { DIALECT_WEBSOCKET } = require('../engine/abi');
const { CLOSE_TIMEOUT } = require('../util/defaults');

const DEFAULT_HIGH_WATER_MARK = 16 * 1024;

/**
 * Translates the options of npm `websocket` for the engine. An application may construct a
 * connection with only part of a config. A missing limit allows everything.
 *
 * @param {any} socket
 * @param {boolean} maskOutgoing
 * @param {any} config
 * @param {'server' | 'client' | undefined} role
 * @param {any} deflate the negotiated compression, if any
 * @returns {import('../../../binding').LinkOptions}
 */
function linkOptions(socket, maskOutgoing, config, role, deflate) {
  const keepsAlive = config.keepalive && !config.useNativeKeepalive;
  if (keepsAlive) checkKeepalive(config);
  const drops = keepsAlive && config.dropConnectionOnKeepaliveTimeout;
  return {
    dialect: DIALECT_WEBSOCKET,
    masks: Boolean(maskOutgoing),
    // RFC 6455 §5.1: a client masks, a server must not.
    requiresMask: (config.requireMasking ?? role !== undefined) ? !maskOutgoing : undefined,
    assemblesFragments: Boolean(config.assembleFragments),
    maxFrameSize: numberOr(config.maxReceivedFrameSize, Number.POSITIVE_INFINITY),
    maxMessageSize: numberOr(config.maxReceivedMessageSize, Number.POSITIVE_INFINITY),
    maxFragments: numberOr(Math.floor(Number(config.maxFragments)), undefined),
    fragmentationThreshold: config.fragmentOutgoingMessages
      ? numberOr(config.fragmentationThreshold, undefined)
      : undefined,
    keepaliveInterval: keepsAlive ? config.keepaliveInterval : undefined,
    keepaliveGracePeriod: drops ? config.keepaliveGracePeriod : undefined,
    closeTimeout: numberOr(config.closeTimeout, CLOSE_TIMEOUT),
    highWaterMark: numberOr(
      config.highWaterMark,
      numberOr(socket.writableHighWaterMark, DEFAULT_HIGH_WATER_MARK),
    ),
    compression: deflate ?? undefined,
  };
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
 * @param {any} peer
 * @param {{ maxReceivedMessageSize: number, closeTimeout: number }} limits
 */
function applyLimits(peer, limits) {
  peer.limits = limits;
  peer.setLimits(
    numberOr(limits.maxReceivedMessageSize, Number.POSITIVE_INFINITY),
    numberOr(limits.closeTimeout, CLOSE_TIMEOUT),
  );
}

module.exports = { applyLimits, linkOptions };
