'use strict';

const http = require('node:http');

const defineServer = require('./defineServer');

/** As http.Server of Node, but the engine accepts its connections where it can. */
module.exports = defineServer(http.Server, ['connection']);
