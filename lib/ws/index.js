'use strict';

const createWebSocketStream = require('./stream');
const extension = require('./extension');
const PerMessageDeflate = require('./PerMessageDeflate');
const Receiver = require('./Receiver');
const Sender = require('./Sender');
const subprotocol = require('./subprotocol');
const WebSocket = require('./WebSocket');
const WebSocketServer = require('./WebSocketServer');

module.exports = Object.assign(WebSocket, {
  createWebSocketStream,
  extension,
  PerMessageDeflate,
  Receiver,
  Sender,
  Server: WebSocketServer,
  subprotocol,
  WebSocket,
  WebSocketServer,
});
