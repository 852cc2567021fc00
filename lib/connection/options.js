'use strict';

const DEFAULT_CLOSE_TIMEOUT = 5000;
const DEFAULT_HIGH_WATER_MARK = 16 * 1024;

/**
 * What the engine has to know of a connection's config. An application may construct a connection with part
 * of a config only; limits that it leaves out don't limit.
 *
 * @param {any} socket
 * @param {boolean} maskOutgoing
 * @param {any} config
 * @param {'server' | 'client' | undefined} role
 */
function linkOptions(socket, maskOutgoing, config, role) {
  const keepalive = config.keepalive && !config.useNativeKeepalive;
  if (keepalive) checkKeepalive(config);
  const strict = config.requireMasking ?? role !== undefined;
  /** @type {import('../../binding').LinkOptions} */
  const options = {
    maskOutgoing: Boolean(maskOutgoing),
    // RFC 6455 §5.1: a client masks, a server must not.
    requireMasking: strict ? !maskOutgoing : undefined,
    maxReceivedFrameSize: numberOr(config.maxReceivedFrameSize, Number.POSITIVE_INFINITY),
    maxReceivedMessageSize: numberOr(config.maxReceivedMessageSize, Number.POSITIVE_INFINITY),
    maxFragments: undefined,
    assembleFragments: Boolean(config.assembleFragments),
    fragmentationThreshold: undefined,
    keepaliveInterval: keepalive ? config.keepaliveInterval : undefined,
    keepaliveGracePeriod: undefined,
    closeTimeout: numberOr(config.closeTimeout, DEFAULT_CLOSE_TIMEOUT),
    highWaterMark: numberOr(
      config.highWaterMark,
      numberOr(socket.writableHighWaterMark, DEFAULT_HIGH_WATER_MARK),
    ),
  };
  const most = Math.floor(Number(config.maxFragments));
  if (most >= 1 && most <= 0xffffffff) options.maxFragments = most;
  if (config.fragmentOutgoingMessages) {
    options.fragmentationThreshold = numberOr(config.fragmentationThreshold, undefined);
  }
  if (keepalive && config.dropConnectionOnKeepaliveTimeout) {
    options.keepaliveGracePeriod = config.keepaliveGracePeriod;
  }
  return options;
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

module.exports = { linkOptions };
