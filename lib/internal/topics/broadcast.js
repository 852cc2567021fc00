'use strict';

const { SENT_BELOW_MARK } = require('../engine/abi');
const { calls } = require('../engine/engine');
const { broadcasted } = require('../engine/flush');
const isLatin1 = require('../engine/isLatin1');

/** The slots of one broadcast. The engine overwrites each with the result of its send. */
let slots = new Uint32Array(256);

/**
 * Sends one message on many connections, encoded once for all of them.
 *
 * @param {any[]} peers that may share frames and do not mask
 * @param {string | Buffer} payload
 * @param {boolean} isText
 */
function broadcast(peers, payload, isText) {
  const count = peers.length;
  if (count === 0) return;
  if (slots.length < count) slots = new Uint32Array(count * 2);
  for (let i = 0; i < count; i++) {
    const peer = peers[i];
    slots[i] = peer.slot;
    if (peer.outputFull) peer.outputFull = false;
  }
  const isCopied = isText && isLatin1(payload);
  const full = calls.broadcast(slots, count, payload, isText, isCopied);
  for (let i = 0; full > 0 && i < count; i++) {
    if ((slots[i] & SENT_BELOW_MARK) === 0) peers[i].sentNatively(slots[i]);
  }
  broadcasted();
}

module.exports = broadcast;
