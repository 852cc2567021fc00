'use strict';

const fs = require('node:fs');
const path = require('node:path');

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-cache',
};

// The files are read once and found by exact path, so no request can name another file.
const files = readPublic(path.join(__dirname, 'public'));

function readPublic(directory) {
  const found = new Map();
  for (const name of fs.readdirSync(directory)) {
    const type = TYPES[path.extname(name)];
    if (type) {
      found.set(`/${name}`, { type, body: fs.readFileSync(path.join(directory, name)) });
    }
  }
  found.set('/', found.get('/index.html'));
  return found;
}

function servePage(request, response) {
  const file = files.get(request.url.split('?', 1)[0]);
  if (!file) {
    answer(response, 404, 'text/plain; charset=utf-8', 'Not found\n');
  } else if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    answer(response, 405, 'text/plain; charset=utf-8', 'Method not allowed\n');
  } else {
    answer(response, 200, file.type, file.body);
  }
}

function answer(response, status, type, body) {
  response.writeHead(status, {
    ...HEADERS,
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
  });
  response.end(body);
}

module.exports = { servePage };
