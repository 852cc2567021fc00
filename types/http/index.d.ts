/// <reference types="node" />

import http = require('node:http');

/** The servers of `websocket-native/http`: as those of `node:http`, see docs/http.md. */
declare namespace doors {
  export import createServer = http.createServer;
  export import Server = http.Server;
}

export = doors;
