'use strict';

const broadcast = require('../topics/broadcast');
const kPeer = require('../transport/kPeer');
const { textOf } = require('../util/arguments');
const { replacesFrames } = require('./replaced');
const { sendBytes, sendUTF } = require('./sending');

/**
 * Sends one message to many connections, in their order. Connections share encoded frames where
 * they can. Methods that an application has replaced are called.
 *
 * @param {any[]} connections
 * @param {any} data a Buffer, or for text anything with toString()
 * @param {boolean} isText
 */
function broadcastTo(connections, data, isText) {
  const isSendable = isText || Buffer.isBuffer(data);
  let payload;
  let sharing = [];
  let others = [];
  // `forEach()` skips holes. Both methods are named here, because looking one up by a variable
  // costs more than all the rest.
  connections.forEach((connection) => {
    const isOurs = isText ? connection.sendUTF === sendUTF : connection.sendBytes === sendBytes;
    if (!isOurs) {
      // If it throws, earlier connections have the message and later ones do not.
      sendAlike(sharing, others, payload, isText);
      payload = undefined;
      sharing = [];
      others = [];
      if (isText) connection.sendUTF(data);
      else connection.sendBytes(data);
      return;
    }
    // Called before any connection is checked, because the application's toString() may change it.
    payload ??= isText ? textOf(data) : data;
    if (isSendable && sharesFrames(connection)) sharing.push(connection[kPeer]);
    else others.push(connection);
  });
  sendAlike(sharing, others, payload, isText);
}

/**
 * Sends one message to connections whose methods are this package's.
 *
 * @param {any[]} sharing peers that can share frames: the message is encoded once
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
 * Whether it can send the same encoded frames as others.
 *
 * @param {any} connection
 */
function sharesFrames(connection) {
  return (
    connection.state === 'open' &&
    !connection.maskOutgoingPackets &&
    !replacesFrames(connection) &&
    connection[kPeer].sharesFrames()
  );
}

module.exports = broadcastTo;
