'use strict';

const { AsyncResource } = require('node:async_hooks');

const { DIALECT_WS } = require('../internal/engine/abi');
const { engine } = require('../internal/engine/engine');
const Peer = require('../internal/peer/Peer');
const kPeer = require('../internal/transport/kPeer');
const { linkCompression } = require('./compression');
const hooks = require('./hooks');
const { limitOf, socketOptions } = require('./options');

const BINARY_TYPES = ['nodebuffer', 'arraybuffer', 'blob', 'fragments'];

const DEFAULT_HIGH_WATER_MARK = 16 * 1024;

/** The names of the options that a connection keeps. */
const KEPT = Object.keys(socketOptions({}));

/** The options kept last. Connections with equal ones share them. */
let latest = keep({});

/**
 * The engine's options of the latest client and of the latest server with them.
 *
 * @type {(import('../../binding').LinkOptions | undefined)[]}
 */
let links = [undefined, undefined];

/**
 * Makes the Peer of a WebSocket.
 *
 * @param {any} websocket
 * @param {any} socket
 * @param {any} options those of `setSocket()`
 */
function openPeer(websocket, socket, options) {
  if (KEPT.some((name) => options[name] !== latest[name])) {
    latest = keep(options);
    links = [undefined, undefined];
  }
  const scope = new AsyncResource('WEBSOCKET');
  const link = linkOptions(websocket, socket, options);
  return new Peer(websocket, hooks, socket, latest, link, scope, true);
}

/**
 * @param {any} options
 * @returns {any}
 */
function keep(options) {
  const { allowSynchronousEvents = true } = options;
  return Object.freeze({
    ...socketOptions(options),
    joinsEvents: Boolean(allowSynchronousEvents),
  });
}

/**
 * Translates the options of `ws` for the engine. Numbers are cut to 32 bits, and those below 1 mean
 * no limit.
 *
 * @param {any} websocket
 * @param {any} socket
 * @param {any} options
 * @returns {import('../../binding').LinkOptions}
 */
function linkOptions(websocket, socket, options) {
  const isServer = Boolean(websocket._isServer);
  const compression = compressionOf(websocket);
  const highWaterMark = socket.writableHighWaterMark ?? DEFAULT_HIGH_WATER_MARK;
  const known = links[Number(isServer)];
  if (known !== undefined && isFor(known, compression, highWaterMark)) return known;
  const maxFragments = options.maxFragments | 0;
  const link = {
    dialect: DIALECT_WS,
    masks: !isServer,
    requiresMask: isServer,
    assemblesFragments: true,
    maxFrameSize: Number.POSITIVE_INFINITY,
    maxMessageSize: limitOf(options.maxPayload | 0),
    maxFragments: maxFragments > 0 ? maxFragments : undefined,
    checksUtf8: !options.skipUTF8Validation,
    textAsBytes: true,
    highWaterMark,
    compression,
  };
  links[Number(isServer)] = link;
  return link;
}

/**
 * @param {import('../../binding').LinkOptions} link
 * @param {any} compression
 * @param {number} highWaterMark
 */
function isFor(link, compression, highWaterMark) {
  return link.compression === compression && link.highWaterMark === highWaterMark;
}

/** @param {any} websocket */
function compressionOf(websocket) {
  if (!Object.hasOwn(websocket, '_extensions')) return undefined;
  const extension = websocket._extensions['permessage-deflate'];
  return extension && linkCompression(extension);
}

/**
 * Makes the engine keep the fragments of messages apart if they are wanted.
 *
 * @param {any} websocket
 */
function setBinaryType(websocket) {
  const { slot } = websocket[kPeer];
  if (slot !== -1) engine.setKeepsFragments(slot, websocket._binaryType === 'fragments');
}

module.exports = { BINARY_TYPES, openPeer, setBinaryType };
