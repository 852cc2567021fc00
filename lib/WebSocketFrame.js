'use strict';

module.exports = require('./internal/websocket/WebSocketFrame');
