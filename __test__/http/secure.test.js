'use strict';

const { once } = require('node:events');
const nodeHttps = require('node:https');
const net = require('node:net');
const { describe } = require('node:test');
const tls = require('node:tls');

const ourHttps = require('../../lib/http/https');
const { selfSigned } = require('../parity/harness/certificate');
const { until } = require('../support/events');
const { handshake } = require('../support/http');
const { HOST, answerOf, dial, listening, readUntil, same } = require('./support/both');

const credentials = selfSigned();
const other = selfSigned();

const LAST = 'GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

/** As `same`, with servers that speak TLS. */
function sameSecure(name, scenario) {
  same(name, scenario, [nodeHttps, ourHttps]);
}

function answering({ http }, options = {}) {
  return http.createServer({ ...credentials, ...options }, (request, response) => {
    let body = '';
    request.setEncoding('latin1').on('data', (text) => {
      body += text;
    });
    request.on('end', () => response.end(`${request.method} ${request.url} ${body.length}`));
  });
}

/** Connects by TLS, and sends `start`. */
async function dialSecure({ after }, server, start = '', options = {}) {
  const { port } = server.address();
  const socket = tls.connect({ port, host: HOST, rejectUnauthorized: false, ...options });
  after(() => socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  if (start) socket.write(start);
  return socket;
}

/** What an application may see of a socket's TLS. */
function factsOf(socket) {
  const { authorized, authorizationError, encrypted, servername, alpnProtocol } = socket;
  const cipher = socket.getCipher();
  return {
    kinds: [socket instanceof tls.TLSSocket, socket instanceof net.Socket],
    trust: [authorized, authorizationError, encrypted],
    names: [servername, alpnProtocol],
    session: [socket.getProtocol(), cipher.standardName, cipher.version, socket.isSessionReused()],
    peer: socket.getPeerCertificate(),
    state: [socket.readyState, socket.secureConnecting, socket.remoteAddress, socket.remoteFamily],
  };
}

describe('A server with TLS answers as that of Node', () => {
  sameSecure('a request', async (stage) => {
    const server = await listening(stage, answering(stage));
    return [await answerOf(await dialSecure(stage, server, LAST))];
  });

  sameSecure('a request in pieces, and one behind it', async (stage) => {
    const server = await listening(stage, answering(stage));
    const socket = await dialSecure(stage, server, 'GET /first HT');
    socket.write('TP/1.1\r\nHost: x\r\n\r\n');
    const first = await readUntil(socket, '/first 0');
    socket.write(LAST);
    return [first, await answerOf(socket)];
  });

  sameSecure('a long body', async (stage) => {
    const server = await listening(stage, answering(stage));
    const head =
      'POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1000000\r\n\r\n';
    const socket = await dialSecure(stage, server, head);
    socket.write(Buffer.alloc(1000000, 'x'));
    return [await answerOf(socket)];
  });

  sameSecure('what is not HTTP', async (stage) => {
    const server = await listening(stage, answering(stage));
    return [await answerOf(await dialSecure(stage, server, 'nonsense\r\n\r\n'))];
  });

  sameSecure('with facts about its sockets', async (stage) => {
    let seen;
    const server = await listening(stage, answering(stage));
    server.on('request', ({ socket }) => {
      seen = factsOf(socket);
    });
    const options = { servername: 'localhost', ALPNProtocols: ['http/1.1'] };
    const socket = await dialSecure(stage, server, LAST, options);
    return [await answerOf(socket), socket.alpnProtocol, seen];
  });

  sameSecure('headers that do not come in time', async (stage) => {
    const options = { headersTimeout: 100, requestTimeout: 0, connectionsCheckingInterval: 50 };
    const server = await listening(stage, answering(stage, options));
    return [await answerOf(await dialSecure(stage, server, 'GET / HTTP'))];
  });

  sameSecure('by a certificate that is set later', async (stage) => {
    const server = await listening(stage, answering(stage));
    const first = await dialSecure(stage, server);
    server.setSecureContext(other);
    const second = await dialSecure(stage, server, LAST);
    first.write(LAST);
    const certificates = [first, second].map((socket) => socket.getPeerCertificate().fingerprint);
    const answers = [await answerOf(first), await answerOf(second)];
    return [answers, certificates];
  });

  sameSecure('by a certificate for a name', async (stage) => {
    const server = await listening(stage, answering(stage));
    server.addContext('*.example.com', other);
    const certificates = [];
    for (const servername of ['a.example.com', 'a.b.example.com', 'localhost']) {
      const socket = await dialSecure(stage, server, LAST, { servername });
      certificates.push(socket.getPeerCertificate().fingerprint);
      await answerOf(socket);
    }
    return certificates;
  });

  sameSecure('with options that the engine does not know', async (stage) => {
    const { http } = stage;
    const SNICallback = (_, done) => done(null, tls.createSecureContext(other));
    const server = await listening(stage, answering({ http }, { SNICallback }));
    const socket = await dialSecure(stage, server, LAST, { servername: 'localhost' });
    return [socket.getPeerCertificate().fingerprint, await answerOf(socket)];
  });

  sameSecure("with a listener for 'secureConnection'", async (stage) => {
    const server = await listening(stage, answering(stage));
    const secure = once(server, 'secureConnection');
    const socket = await dialSecure(stage, server);
    const [served] = await secure;
    served.end('no HTTP');
    return [await answerOf(socket)];
  });
});

describe('A server with TLS refuses as that of Node', () => {
  const clients = {
    'a client that leaves at once': (socket) => socket.end(),
    'a client that resets': (socket) => socket.resetAndDestroy(),
    'HTTP without TLS': (socket) => socket.write(LAST),
    'what is no TLS': (socket) => socket.write(Buffer.alloc(100, 1)),
  };
  for (const [name, act] of Object.entries(clients)) {
    sameSecure(name, async (stage) => {
      const server = await listening(stage, answering(stage));
      const events = [];
      for (const event of ['tlsClientError', 'clientError']) {
        server.on(event, ({ code, library, reason }, socket) => {
          events.push([event, code, library, reason, socket instanceof tls.TLSSocket]);
          socket.destroy();
        });
      }
      act(await dial(stage, server));
      await until(() => events.length >= 2);
      return events;
    });
  }

  sameSecure('a client without a certificate', async (stage) => {
    const options = { requestCert: true, ca: other.cert, maxVersion: 'TLSv1.2' };
    const server = await listening(stage, answering(stage, options));
    const failure = once(server, 'tlsClientError');
    const { port } = server.address();
    const socket = tls.connect({ port, host: HOST, rejectUnauthorized: false });
    stage.after(() => socket.destroy());
    socket.on('error', () => {});
    const [{ code, library, reason }] = await failure;
    return [code, library, reason];
  });

  sameSecure('nobody if it only asks for a certificate', async (stage) => {
    const options = { requestCert: true, rejectUnauthorized: false, ca: other.cert };
    const server = await listening(stage, answering(stage, options));
    const seen = [];
    server.on('request', ({ socket }) => seen.push(factsOf(socket).trust));
    await answerOf(await dialSecure(stage, server, LAST));
    await answerOf(await dialSecure(stage, server, LAST, other));
    await answerOf(await dialSecure(stage, server, LAST, credentials));
    return seen;
  });
});

describe("The 'upgrade' of a server with TLS is as on that of Node", () => {
  sameSecure('with its request, its socket and its bytes', async (stage) => {
    const server = await listening(stage, answering(stage));
    const upgrade = once(server, 'upgrade');
    const client = await dialSecure(stage, server, handshake());
    const [request, socket, head] = await upgrade;
    const facts = [request.url, request.rawHeaders, factsOf(socket), head.length];
    client.write('later');
    const later = await readUntil(socket, 'later');
    socket.end('bye');
    return [facts, later, await answerOf(client)];
  });

  sameSecure('with bytes behind the handshake', async (stage) => {
    const server = await listening(stage, answering(stage));
    const upgrade = once(server, 'upgrade');
    await dialSecure(stage, server, `${handshake()}behind`);
    const [, , head] = await upgrade;
    return [head.toString()];
  });
});
