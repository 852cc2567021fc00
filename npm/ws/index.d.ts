import WebSocket = require('websocket-native/ws');

export = WebSocket;
