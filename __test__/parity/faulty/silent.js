'use strict';

/** npm `websocket` that delivers nothing, so that its scenarios never end. */
const websocket = require('websocket');

websocket.connection.prototype.handleSocketData = () => {};

module.exports = websocket;
