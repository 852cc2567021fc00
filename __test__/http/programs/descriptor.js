'use strict';

// Listens on descriptor 3, writes the port, and answers each request with its path.

const http = process.argv[2] === 'node' ? require('node:http') : require('../../../lib/http');

const server = http.createServer((request, response) => response.end(request.url));
server.listen({ fd: 3 }, () => process.stdout.write(String(server.address().port)));
