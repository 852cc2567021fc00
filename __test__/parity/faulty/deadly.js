'use strict';

/** npm `websocket` that takes the whole process with it on a message. */
const websocket = require('websocket');

websocket.connection.prototype.handleSocketData = () => process.kill(process.pid, 'SIGKILL');

module.exports = websocket;
