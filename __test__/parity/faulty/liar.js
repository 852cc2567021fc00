'use strict';

/** npm `websocket` with one wrong byte in what it sends: the comparison has to find it. */
const websocket = require('websocket');

const { connection } = websocket;
const { sendUTF } = connection.prototype;

connection.prototype.sendUTF = function lying(data, callback) {
  return sendUTF.call(this, `${data}`.replace('7', '8'), callback);
};

module.exports = websocket;
