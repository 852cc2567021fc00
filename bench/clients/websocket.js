require('./upstream-api')(require('websocket'));
