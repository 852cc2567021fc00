'use strict';

const { textOf } = require('../util/arguments');
const { sendBytes, sendUTF } = require('../peer/sending');
const { SENT_BELOW_MARK } = require('../engine/abi');
const { calls } = require('../engine/engine');
const { broadcasted } = require('../engine/flush');
const isLatin1 = require('../engine/isLatin1');

/** The slots of one broadcast, and then what became of them. */
let slots = new Uint32Array(256);

/**
 * Sends one message to many connections, in their order. What an application has put in the place
 * of a connection or of its method is called; the rest shares the frames where it can.
 *
 * @param {any[]} connections
 * @param {any} data a Buffer, or for text whatever has toString()
 * @param {boolean} isText
 */
function broadcast(connections, data, isText) {
  const isSendable = isText || Buffer.isBuffer(data);
  if (slots.length < connections.length) slots = new Uint32Array(connections.length * 2);
  let payload;
  let native = [];
  let others = [];
  // A plain loop skips no holes, and a property by a name in a variable costs more than all else
  // here.
  connections.forEach((connection) => {
    const isOurs = isText ? connection.sendUTF === sendUTF : connection.sendBytes === sendBytes;
    if (!isOurs) {
      // If it throws, those before it have their message, and those behind it do not.
      sendAlike(native, others, payload, isText);
      native = [];
      others = [];
      if (isText) connection.sendUTF(data);
      else connection.sendBytes(data);
      return;
    }
    // Before anything is asked of a connection: toString() is the application's.
    payload ??= isText ? textOf(data) : data;
    if (isSendable && connection._sendsNatively() && isShared(connection)) {
      slots[native.length] = connection._slot;
      connection._outputFull = false;
      native.push(connection);
    } else {
      others.push(connection);
    }
  });
  sendAlike(native, others, payload, isText);
}

/**
 * Sends one message to connections whose methods are this package's.
 *
 * @param {any[]} native whose frames are not masked and whose descriptor the engine has, by the
 *   slots: the message is encoded once for all of them
 * @param {any[]} others get it one by one
 * @param {any} payload a string or a Buffer
 * @param {boolean} isText
 */
function sendAlike(native, others, payload, isText) {
  if (native.length > 0) {
    const isCopied = isText && isLatin1(payload);
    const full = calls.broadcast(slots, native.length, payload, isText, isCopied);
    for (let i = 0; full > 0 && i < native.length; i++) {
      if ((slots[i] & SENT_BELOW_MARK) === 0) native[i]._sentNatively(slots[i]);
    }
    broadcasted();
  }
  for (const connection of others) {
    if (isText) connection.sendUTF(payload);
    else connection.sendBytes(payload);
  }
}

/**
 * Whether the same frames serve it as the others: it neither masks nor compresses them.
 *
 * @param {any} connection
 */
function isShared(connection) {
  return !connection.maskOutgoingPackets && connection._deflate === null;
}

module.exports = broadcast;
