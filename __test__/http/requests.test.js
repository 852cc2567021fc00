'use strict';

const { once } = require('node:events');
const nodeHttp = require('node:http');
const { describe } = require('node:test');

const { HOST, answerOf, dial, errorOf, listening, readUntil, same } = require('./support/both');

const END = '\r\n\r\n';
const GET = 'GET /path HTTP/1.1\r\nHost: x\r\n';
const CLOSE = 'Connection: close\r\n';

/**
 * Defines a test: what is sent, in pieces each in a write of its own, and the server that answers.
 *
 * @param {string} name
 * @param {string[]} pieces
 * @param {object} [server]
 * @param {object} [server.options] of createServer()
 * @param {(server: any, log: any[]) => void} [server.prepare]
 */
function answers(name, pieces, { options = {}, prepare = () => {} } = {}) {
  same(name, async (stage) => {
    const log = [];
    const server = stage.http.createServer(options, (request, response) => {
      log.push([request.method, request.url, request.httpVersion, request.rawHeaders]);
      let body = '';
      request.setEncoding('latin1').on('data', (text) => {
        body += text;
      });
      request.on('end', () => response.end(`${request.method} ${request.url} ${body}`));
    });
    prepare(server, log);
    await listening(stage, server);
    const socket = await dial(stage, server);
    const answer = answerOf(socket);
    for (const piece of pieces) {
      socket.write(piece);
      // The pieces arrive one by one.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return [await answer, log];
  });
}

describe('A server answers as that of Node', () => {
  answers('a request', [GET + CLOSE + END.slice(2)]);
  answers('a request in pieces', [
    'G',
    'ET /path HT',
    'TP/1.1\r\nHo',
    'st: x\r',
    '\n',
    CLOSE,
    '\r\n',
  ]);
  answers('HEAD', [`HEAD / HTTP/1.1\r\nHost: x\r\n${CLOSE}\r\n`]);
  answers('HTTP/1.0', ['GET / HTTP/1.0\r\n\r\n']);
  answers('a body with a length', [
    `POST / HTTP/1.1\r\nHost: x\r\n${CLOSE}Content-Length: 10\r\n\r\n01234`,
    '56789',
  ]);
  answers('a body in chunks', [
    `POST / HTTP/1.1\r\nHost: x\r\n${CLOSE}Transfer-Encoding: chunked\r\n\r\n5\r\nhel`,
    'lo\r\n3\r\n',
    'abc\r\n0\r\n\r\n',
  ]);
  answers('a body that waits for 100 Continue', [
    `POST / HTTP/1.1\r\nHost: x\r\n${CLOSE}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n`,
    'ok',
  ]);
  answers(
    'with checkContinue',
    [`POST / HTTP/1.1\r\nHost: x\r\n${CLOSE}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n`],
    {
      prepare: (server, log) =>
        server.on('checkContinue', (_request, response) => {
          log.push('checkContinue');
          response.writeHead(413).end();
        }),
    },
  );
  answers('an expectation that it does not know', [`${GET}${CLOSE}Expect: something\r\n\r\n`]);
  answers('several requests in one write', [
    `${GET}\r\n${GET}\r\nGET /last HTTP/1.1\r\nHost: x\r\n${CLOSE}\r\n`,
  ]);
  answers('several requests one after another', [
    `${GET}\r\n`,
    `${GET}\r\n`,
    `GET /last HTTP/1.1\r\nHost: x\r\n${CLOSE}\r\n`,
  ]);
  answers('a request without a host', [`GET / HTTP/1.1\r\n${CLOSE}\r\n`]);
  answers('requests beyond maxRequestsPerSocket', [`${GET}\r\n${GET}\r\n`], {
    prepare: (server) => {
      server.maxRequestsPerSocket = 1;
    },
  });
  answers('an upgrade to something else', [
    `${GET}Connection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n`,
  ]);
  answers('a handshake without a listener for it', [
    `${GET}Connection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n`,
  ]);
  answers('CONNECT without a listener', ['CONNECT host:80 HTTP/1.1\r\nHost: host:80\r\n\r\n']);
  answers('CONNECT', ['CONNECT host:80 HTTP/1.1\r\nHost: host:80\r\n\r\nhead'], {
    prepare: (server, log) =>
      server.on('connect', (request, socket, head) => {
        log.push([request.url, head.toString()]);
        socket.end('HTTP/1.1 200 OK\r\n\r\n');
      }),
  });
});

describe('A server refuses as that of Node', () => {
  const bad = {
    'what is not HTTP': 'nonsense\r\n\r\n',
    'a method that nobody knows': 'FETCH / HTTP/1.1\r\nHost: x\r\n\r\n',
    'a header without a colon': `GET / HTTP/1.1\r\nHost x\r\n${END}`,
    'a space before the colon': `GET / HTTP/1.1\r\nHost : x${END}`,
    'a control character in a value': `GET / HTTP/1.1\r\nHost: x\u0001${END}`,
    'lines that end with LF': 'GET / HTTP/1.1\nHost: x\n\n',
    'two lengths': `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2${END}`,
    'a preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'the hello of TLS': '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003',
  };
  for (const [name, bytes] of Object.entries(bad)) {
    same(name, async (stage) => {
      const server = stage.http.createServer((_, response) => response.end('answer'));
      await listening(stage, server);
      const socket = await dial(stage, server);
      socket.end(Buffer.from(bytes, 'latin1'));
      return [await answerOf(socket)];
    });
    same(`${name}, with a listener for 'clientError'`, async (stage) => {
      const server = stage.http.createServer((_, response) => response.end('answer'));
      const errors = [];
      server.on('clientError', (error, socket) => {
        const { rawPacket, bytesParsed, reason } = error;
        errors.push({ ...errorOf(error), rawPacket, bytesParsed, reason });
        socket.end('HTTP/1.1 418 Teapot\r\n\r\n');
      });
      await listening(stage, server);
      const socket = await dial(stage, server);
      socket.end(Buffer.from(bytes, 'latin1'));
      return [await answerOf(socket), errors];
    });
  }

  for (const maxHeaderSize of [undefined, 1000]) {
    answers(
      `headers beyond ${maxHeaderSize ?? 'the default'}`,
      [`${GET}X: ${'x'.repeat(20000)}${END}`],
      { options: { maxHeaderSize } },
    );
  }

  answers('headers that do not come in time', [GET], {
    options: { headersTimeout: 100, requestTimeout: 0, connectionsCheckingInterval: 50 },
  });

  answers('nothing at all in time, by the limit of the request', [], {
    options: { headersTimeout: 0, requestTimeout: 100, connectionsCheckingInterval: 50 },
  });

  same('headers that do not come in time, with a listener', async (stage) => {
    const server = stage.http.createServer({ connectionsCheckingInterval: 50 });
    server.headersTimeout = 100;
    const errors = [];
    server.on('clientError', (error, socket) => {
      errors.push([errorOf(error), error.stack.split('\n')[0], socket.bytesRead]);
      socket.end('late');
    });
    await listening(stage, server);
    return [await answerOf(await dial(stage, server, GET)), errors];
  });
});

describe('A server keeps connections as that of Node', () => {
  same('for an agent with keepalive', async (stage) => {
    const ports = [];
    const server = await listening(
      stage,
      stage.http.createServer((request, response) => {
        ports.push(request.socket.remotePort);
        response.end('x');
      }),
    );
    const agent = new nodeHttp.Agent({ keepAlive: true, maxSockets: 1 });
    stage.after(() => agent.destroy());
    for (let i = 0; i < 3; i++) {
      const { port } = server.address();
      const [response] = await once(nodeHttp.get({ port, host: HOST, agent }), 'response');
      response.resume();
      await once(response, 'end');
    }
    return [ports.length, new Set(ports).size];
  });

  same('with the same properties of its sockets', async (stage) => {
    let seen;
    const server = await listening(
      stage,
      stage.http.createServer((request, response) => {
        const { socket } = request;
        seen = [
          socket.constructor.name,
          socket.server === server,
          socket.allowHalfOpen,
          socket.readableHighWaterMark,
          socket.writableHighWaterMark,
          [socket.localAddress, socket.remoteAddress, socket.remoteFamily],
          socket.bytesRead,
          socket.timeout,
          socket.readyState,
          server._connections,
        ];
        response.end();
      }),
    );
    await answerOf(await dial(stage, server, `${GET}${CLOSE}\r\n`));
    return seen;
  });

  same('until the client has gone, as its request learns', async (stage) => {
    const log = [];
    const server = await listening(
      stage,
      stage.http.createServer((request, response) => {
        for (const event of ['aborted', 'close', 'error']) {
          request.on(event, (error) => log.push(`request ${event} ${error?.code}`));
        }
        response.on('close', () => log.push('response close'));
        response.write('begin');
      }),
    );
    const socket = await dial(
      stage,
      server,
      `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n12`,
    );
    await readUntil(socket, 'begin');
    socket.destroy();
    while (log.length < 4) await new Promise(setImmediate);
    return log;
  });
});
