'use strict';

const { engine } = require('./delivery');

/**
 * Sends one message to many connections. It is encoded once for all whose frames are not masked and whose
 * descriptor the engine has; the others get it one by one.
 *
 * @param {any[]} connections
 * @param {any} data a Buffer, or for text whatever has toString()
 * @param {boolean} isText
 */
function broadcast(connections, data, isText) {
  const payload = isText ? data.toString() : data;
  const native = [];
  const others = [];
  const isSendable = isText || Buffer.isBuffer(data);
  for (const connection of connections) {
    if (isSendable && connection._sendsNatively() && !connection.maskOutgoingPackets) {
      native.push(connection);
    } else {
      others.push(connection);
    }
  }
  if (native.length > 0) {
    const slots = native.map((connection) => connection._slot);
    const status = engine.broadcast(slots, payload, isText);
    for (let i = 0; i < native.length; i++) native[i]._sentNatively(status[i]);
  }
  for (const connection of others) {
    if (isText) connection.sendUTF(payload);
    else connection.sendBytes(payload);
  }
}

module.exports = broadcast;
