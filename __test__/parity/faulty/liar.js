'use strict';

/** npm `websocket` that sends one wrong byte, which the comparison must find. */
const websocket = require('websocket');

const { connection } = websocket;
const { sendUTF } = connection.prototype;

connection.prototype.sendUTF = function lying(data, callback) {
  return sendUTF.call(this, `${data}`.replace('7', '8'), callback);
};

module.exports = websocket;
