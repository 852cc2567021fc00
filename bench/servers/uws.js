'use strict';

const { App, SSLApp, us_socket_local_port: portOf } = require('uwebsockets');

const { HOST, announce, settings } = require('./host');

const { tls, handler, maxPayload } = settings;
const app = tls ? SSLApp({ cert_file_name: tls.cert, key_file_name: tls.key }) : App();

const EVERYONE = 'everyone';
const decoder = new TextDecoder();

const handlers = {
  echo: (socket, data, isBinary) => {
    if (isBinary) socket.send(data, true);
    else socket.send(decoder.decode(data));
  },
  broadcast: (_socket, data) => app.publish(EVERYONE, decoder.decode(data)),
};

// What waits to be sent beyond `maxBackpressure` (64 KiB by default) would be dropped, not queued.
app.ws('/*', {
  maxPayloadLength: maxPayload,
  maxBackpressure: 16 * maxPayload,
  open: (socket) => handler === 'broadcast' && socket.subscribe(EVERYONE),
  message: handlers[handler],
});
app.listen(HOST, 0, (listening) => announce(portOf(listening)));
