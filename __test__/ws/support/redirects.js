'use strict';

// For tests of redirected clients.

const { closing } = require('../../support/events');
const { wordsOf } = require('./sides');

const FOLLOW = { followRedirects: true, rejectUnauthorized: false };
const SECRETS = {
  authorization: 'Basic Zm9vOmJhcg==',
  cookie: 'foo=bar',
  host: 'foo',
  'x-mine': '1',
};

/** Answers a request with a redirect, or with 401. */
function answer(socket, location = undefined, redirect = '302 Found') {
  socket.on('error', () => {});
  const status = location === undefined ? '401 Unauthorized' : redirect;
  const header = location === undefined ? '' : `Location: ${location}\r\n`;
  socket.end(`HTTP/1.1 ${status}\r\n${header}Connection: close\r\n\r\n`);
}

/** Those of a request's headers that a redirect may take away. */
function carried(headers) {
  const { authorization, cookie, host, 'x-mine': mine } = headers;
  return { authorization, cookie, host: host === 'foo' ? host : undefined, 'x-mine': mine };
}

/** Connects, and resolves once the WebSocket is closed. */
async function follow(lib, url, options, listeners = {}) {
  const websocket = new lib.WebSocket(url, { ...FOLLOW, ...options });
  const errors = [];
  for (const [event, listener] of Object.entries(listeners)) websocket.on(event, listener);
  websocket.on('error', (error) => errors.push(wordsOf(error)));
  await closing(websocket);
  const { url: last, _redirects: redirects, _req: request, readyState } = websocket;
  return {
    errors,
    last: new URL(last).pathname,
    redirects,
    hasRequest: request !== null,
    readyState,
  };
}

function pick(source, names) {
  return Object.fromEntries(names.map((name) => [name, source[name]]));
}

module.exports = { SECRETS, answer, carried, follow, pick };
