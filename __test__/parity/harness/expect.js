'use strict';

/** Entries that declared differences have in common. */

const OPEN = [
  'is',
  { state: 'open', connected: true, closeReasonCode: -1, closeDescription: null },
];

/** A connection's last two entries. */
function closed(code, description) {
  const fields = { closeReasonCode: code, closeDescription: description };
  return [
    ['is', { state: 'closed', connected: false, ...fields }],
    ['close', code, description],
  ];
}

const NORMAL = closed(1000, 'Normal connection closure');

/** The head that accepts the key of `Scene#dial`, with further lines. */
function switching(...lines) {
  const head = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
  ];
  return ['head', [...head, ...lines]];
}

/** The end that a peer sees when `Scene#farewell` ends the connection. */
const FAREWELL = [['frame', 'close', '1000'], ['end'], ['gone']];

const CONNECTED = ['connect', '[WebSocketConnection]', 1];
const DISCONNECTED = ['close', '[WebSocketConnection]', 1000, 'Normal connection closure', 0];

const error = (message, name = 'Error') => ({ error: name, message });

module.exports = { CONNECTED, DISCONNECTED, FAREWELL, NORMAL, OPEN, closed, error, switching };
