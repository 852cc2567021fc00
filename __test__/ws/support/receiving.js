'use strict';

// Runs Receivers over bytes, and notes what they emit.

const assert = require('node:assert/strict');

const { Receiver: OracleReceiver, PerMessageDeflate: OracleDeflate } = require('ws');

const PerMessageDeflate = require('../../../lib/ws/PerMessageDeflate');
const Receiver = require('../../../lib/ws/Receiver');
const { kCloseCode } = require('../../../lib/ws/violations');
const { described } = require('./oracle');

const NAME = 'permessage-deflate';

const OURS = { Receiver, PerMessageDeflate };
const ORACLE = { Receiver: OracleReceiver, PerMessageDeflate: OracleDeflate };

/**
 * What an implementation emits for a stream of bytes.
 *
 * @param {{ Receiver: any, PerMessageDeflate: any }} implementation
 * @param {any} options of the Receiver; `deflate` has parameters of compression
 * @param {Buffer[]} chunks
 * @returns {Promise<any[]>}
 */
function received({ Receiver, PerMessageDeflate }, { deflate, ...options }, chunks) {
  const extensions = {};
  if (deflate) {
    const { isServer, maxPayload } = options;
    extensions[NAME] = new PerMessageDeflate({ isServer, maxPayload });
    extensions[NAME].accept([structuredClone(deflate)]);
  }
  return new Promise((resolve) => {
    const log = [];
    const receiver = new Receiver({ ...options, extensions });
    receiver.on('message', (data, isBinary) => log.push(['message', shown(data), isBinary]));
    receiver.on('ping', (data) => log.push(['ping', shown(data)]));
    receiver.on('pong', (data) => log.push(['pong', shown(data)]));
    receiver.on('conclude', (code, reason) => log.push(['conclude', code, shown(reason)]));
    receiver.on('error', (error) => log.push(['error', described(error), closeCode(error)]));
    receiver.on('close', () => resolve(log));
    feed(receiver, chunks);
  });
}

/**
 * Writes the chunks and ends the Receiver. Each chunk follows when the one before is done, because
 * ws reads on behind a violation in chunks that wait already.
 *
 * @param {any} receiver
 * @param {Buffer[]} chunks
 */
function feed(receiver, [first, ...rest]) {
  // After a close frame it has ended by itself.
  if (receiver.writableEnded || receiver.destroyed) return;
  if (first === undefined) receiver.end();
  else receiver.write(Buffer.from(first), () => feed(receiver, rest));
}

/** @param {any} data */
function shown(data) {
  if (Buffer.isBuffer(data)) return data.toString('hex');
  return Array.isArray(data) ? data.map(shown) : data;
}

/** @param {any} error */
function closeCode(error) {
  const key = Object.getOwnPropertySymbols(error).find(
    (symbol) => symbol === kCloseCode || symbol.description === 'status-code',
  );
  return key && error[key];
}

/**
 * Fails unless ours emits what ws emits.
 *
 * @param {any} options
 * @param {Buffer[]} chunks
 * @returns {Promise<any[]>} that
 */
async function compareReceivers(options, chunks) {
  const [ours, theirs] = await Promise.all([
    received(OURS, options, chunks),
    received(ORACLE, options, chunks),
  ]);
  const shown = chunks.map((chunk) => chunk.toString('hex')).join(' ');
  assert.deepEqual(ours, theirs, `${JSON.stringify(options)} ${shown}`);
  return ours;
}

/**
 * @param {Buffer} bytes
 * @param {(below: number) => number} pick
 * @returns {Buffer[]} the bytes in chunks of random lengths
 */
function cut(bytes, pick) {
  const chunks = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + pick(pick(3) === 0 ? 3 : bytes.length);
    chunks.push(bytes.subarray(at, end));
    at = end;
  }
  return chunks;
}

/**
 * @param {number} first
 * @param {Buffer} payload
 * @param {boolean} masked
 */
function frame(first, payload, masked) {
  const { length } = payload;
  const header = length < 126 ? [first, length] : [first, 126, length >> 8, length & 0xff];
  if (!masked) return Buffer.concat([Buffer.from(header), payload]);
  header[1] |= 0x80;
  return Buffer.concat([
    Buffer.from([...header, 1, 2, 3, 4]),
    payload.map((byte, at) => byte ^ ((at & 3) + 1)),
  ]);
}

module.exports = { ORACLE, OURS, compareReceivers, cut, frame };
