'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const nodeHttp = require('node:http');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { describe } = require('node:test');

const { HOST, answerOf, dial, dialPort, errorOf, listening, same } = require('./support/both');

/** A program that listens on its descriptor 3. */
const FROM_DESCRIPTOR = path.join(__dirname, 'programs/descriptor.js');

const REQUEST = 'GET /path HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

/** A server that answers with the path of the request. */
function answering({ http }, options = {}) {
  return http.createServer(options, (request, response) => response.end(request.url));
}

/** A port that nobody uses for now. */
async function freePort() {
  const server = net.createServer().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** The server's address, with any port as 'PORT'. */
function addressOf(server) {
  const address = server.address();
  return typeof address === 'string' ? address : { ...address, port: typeof address.port };
}

describe('A server listens as that of Node', () => {
  const forms = {
    'on a port of all addresses': () => [0],
    'on a port of a host': () => [0, HOST],
    'on a port of a name': () => [0, 'localhost'],
    'on a port with a backlog': () => [0, HOST, 7],
    'on a port given as a string': () => ['0'],
    'by options': () => [{ port: 0, host: HOST, backlog: 3, exclusive: true }],
    'on IPv6 only': () => [{ port: 0, host: '::', ipv6Only: true }],
    'on no port': () => [],
  };
  for (const [name, form] of Object.entries(forms)) {
    same(name, async (stage) => {
      const server = await listening(stage, answering(stage), ...form());
      const facts = [server.listening, addressOf(server)];
      if (name.includes('IPv6')) return facts;
      const answer = await answerOf(await dial(stage, server, REQUEST));
      return [...facts, answer];
    });
  }

  same('on a path, which it removes when it closes', async (stage) => {
    const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'listen-')), 'socket');
    const server = await listening(stage, answering(stage), { path: file, readableAll: true });
    const mode = fs.statSync(file).mode.toString(8);
    const answer = await answerOf(await dial(stage, server, REQUEST));
    server.close();
    await once(server, 'close');
    return [server.address() === null, mode, answer, fs.existsSync(file)];
  });

  same('on a descriptor that another process has bound', async ({ after, http }) => {
    const handle = net._createServerHandle(HOST, 0, 4);
    const child = spawn(process.execPath, [FROM_DESCRIPTOR, http === nodeHttp ? 'node' : 'ours'], {
      stdio: ['ignore', 'pipe', 'inherit', handle.fd],
    });
    after(() => child.kill());
    const [port] = await once(child.stdout.setEncoding('utf8'), 'data');
    handle.close();
    return [await answerOf(await dialPort(after, Number(port), REQUEST))];
  });

  same('on the handle of another server', async (stage) => {
    const other = net.createServer();
    other.listen(0, HOST);
    await once(other, 'listening');
    const server = await listening(stage, answering(stage), other);
    return [addressOf(server)];
  });

  same('until its signal is aborted', async (stage) => {
    const controller = new AbortController();
    const { signal } = controller;
    const server = await listening(stage, answering(stage), { port: 0, host: HOST, signal });
    controller.abort();
    await once(server, 'close');
    return [server.listening, server.address()];
  });

  same('again after it has closed', async (stage) => {
    const server = await listening(stage, answering(stage));
    server.close();
    await once(server, 'close');
    server.listen(0, HOST);
    await once(server, 'listening');
    return [await answerOf(await dial(stage, server, REQUEST))];
  });
});

describe('A server fails as that of Node', () => {
  same('on a port that is taken', async (stage) => {
    const first = await listening(stage, answering(stage));
    const { port } = first.address();
    const second = answering(stage);
    second.listen(port, HOST);
    const [error] = await once(second, 'error');
    const message = error.message.replace(port, 'PORT');
    return [errorOf({ ...errorOf(error), message, port: error.port === port }), second.listening];
  });

  same('on a path that does not exist', async (stage) => {
    const server = answering(stage);
    server.listen('/no/such/folder/socket');
    const [error] = await once(server, 'error');
    return [errorOf(error), server.listening];
  });

  same('on an address of another machine', async (stage) => {
    const server = answering(stage);
    server.listen(await freePort(), '192.0.2.1');
    const [error] = await once(server, 'error');
    const { code, syscall, address } = error;
    return [code, syscall, address];
  });

  same('on a descriptor that is no socket', async (stage) => {
    const server = answering(stage);
    const fd = fs.openSync('/dev/null');
    stage.after(() => fs.closeSync(fd));
    server.listen({ fd });
    const [error] = await once(server, 'error');
    return [errorOf(error)];
  });

  same('when it listens twice', async (stage) => {
    const server = await listening(stage, answering(stage));
    try {
      server.listen(0);
      return ['no error'];
    } catch (error) {
      return [errorOf(error)];
    }
  });

  same('for a port out of range', async (stage) => {
    const server = answering(stage);
    try {
      server.listen(65536);
      return ['no error'];
    } catch (error) {
      return [errorOf(error)];
    }
  });
});
