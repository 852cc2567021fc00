'use strict';

const broadcast = require('../topics/broadcast');
const kPeer = require('../transport/kPeer');
const { textOf } = require('../util/arguments');
const { composesByHand } = require('./replaced');
const { sendBytes, sendUTF } = require('./sending');

/**
 * Sends one message to many connections, in their order. What an application has put in the place
 * of a connection or of its method is called; the rest shares the frames where it can.
 *
 * @param {any[]} connections
 * @param {any} data a Buffer, or for text whatever has toString()
 * @param {boolean} isText
 */
function broadcastTo(connections, data, isText) {
  const isSendable = isText || Buffer.isBuffer(data);
  let payload;
  let sharing = [];
  let others = [];
  // A plain loop skips no holes, and a property by a name in a variable costs more than all else
  // here.
  connections.forEach((connection) => {
    const isOurs = isText ? connection.sendUTF === sendUTF : connection.sendBytes === sendBytes;
    if (!isOurs) {
      // If it throws, those before it have their message, and those behind it do not.
      sendAlike(sharing, others, payload, isText);
      sharing = [];
      others = [];
      if (isText) connection.sendUTF(data);
      else connection.sendBytes(data);
      return;
    }
    // Before anything is asked of a connection: toString() is the application's.
    payload ??= isText ? textOf(data) : data;
    if (isSendable && sharesFrames(connection)) sharing.push(connection[kPeer]);
    else others.push(connection);
  });
  sendAlike(sharing, others, payload, isText);
}

/**
 * Sends one message to connections whose methods are this package's.
 *
 * @param {any[]} sharing peers of those that can share frames: the message is encoded once
 * @param {any[]} others connections that get it one by one
 * @param {any} payload a string or a Buffer
 * @param {boolean} isText
 */
function sendAlike(sharing, others, payload, isText) {
  broadcast(sharing, payload, isText);
  for (const connection of others) {
    if (isText) connection.sendUTF(payload);
    else connection.sendBytes(payload);
  }
}

/**
 * Whether the same frames serve it as the others.
 *
 * @param {any} connection
 */
function sharesFrames(connection) {
  return (
    connection.state === 'open' &&
    !connection.maskOutgoingPackets &&
    !composesByHand(connection) &&
    connection[kPeer].sharesFrames()
  );
}

module.exports = broadcastTo;
