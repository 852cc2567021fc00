'use strict';

const uWS = require('uwebsockets');

const { HOST, announce, answerTo, settings } = require('./host');

const { tls, handler, maxPayload, deflate = false } = settings;
const app = tls ? uWS.SSLApp({ cert_file_name: tls.cert, key_file_name: tls.key }) : uWS.App();
// Each connection has its own context in each direction, as with the other peers.
const compression = deflate ? uWS.DEDICATED_COMPRESSOR | uWS.DEDICATED_DECOMPRESSOR : uWS.DISABLED;

const EVERYONE = 'everyone';
const decoder = new TextDecoder();

const handlers = {
  echo: (socket, data, isBinary) => {
    if (isBinary) socket.send(data, true, deflate);
    else socket.send(decoder.decode(data), false, deflate);
  },
  answer: (socket, data) => socket.send(answerTo(decoder.decode(data)), false, deflate),
  broadcast: (_socket, data) => app.publish(EVERYONE, decoder.decode(data)),
};

// It drops output that waits beyond `maxBackpressure`, which is 64 KiB by default.
app.ws('/*', {
  compression,
  maxPayloadLength: maxPayload,
  maxBackpressure: 16 * maxPayload,
  open: (socket) => handler === 'broadcast' && socket.subscribe(EVERYONE),
  message: handlers[handler],
});
app.listen(HOST, 0, (listening) => announce(uWS.us_socket_local_port(listening)));
