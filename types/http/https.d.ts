/// <reference types="node" />

import https = require('node:https');

/** The servers of `websocket-native/https`: as those of `node:https`, see docs/http.md. */
declare namespace doors {
  export import createServer = https.createServer;
  export import Server = https.Server;
}

export = doors;
