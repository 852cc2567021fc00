'use strict';

module.exports = require('websocket-native/ws');
