'use strict';

// Methods of a connection or of its socket that an application has replaced.

const NAMES = ['send', 'sendUTF', 'sendBytes', 'sendFrame', 'fragmentAndSend', 'sendCloseFrame'];

/**
 * A value as a recorded argument. Frames show the fields that a listener reads, functions only that
 * they exist.
 */
function plain(value) {
  if (typeof value === 'function') return 'function';
  if (value !== null && typeof value === 'object' && 'opcode' in value) {
    return { opcode: value.opcode, fin: value.fin, length: value.binaryPayload?.length ?? 0 };
  }
  return value;
}

/** Wraps methods of an object so that each call is recorded, until the scenario is over. */
function wrap(t, object, names, lane) {
  for (const name of names) {
    const own = Object.getOwnPropertyDescriptor(object, name);
    const before = object[name];
    object[name] = function (...args) {
      lane.add(name, ...args.map(plain));
      return before.apply(this, args);
    };
    t.defer(() => {
      if (own) Object.defineProperty(object, name, own);
      else delete object[name];
    });
  }
}

function sendAll(connection) {
  connection.send('text');
  connection.send(Buffer.from('bytes'), () => {});
  connection.sendUTF('more', () => {});
  connection.sendBytes(Buffer.from([1, 2]));
  connection.sendUTF('x'.repeat(40), undefined);
  connection.ping('p');
  connection.pong(Buffer.from('q'));
}

async function everySend(t, wrapped, options) {
  const config = { fragmentationThreshold: 16 };
  const { connection, peer } = await (options?.client
    ? t.connected({ config })
    : t.accepted({ config }));
  await t.lane().until('resume');
  wrap(t, wrapped(connection), NAMES, t.lane('calls'));
  sendAll(connection);
  connection.close(4000, 'over');
  await peer.seen('gone');
  await t.lane().until('close');
}

/** A server with several connections, in the order of their arrival. */
async function crowd(t, count, { config, accept = (request) => request.accept() } = {}) {
  const server = await t.server(config);
  const peers = [];
  server.ws.on('request', accept);
  for (let i = 0; i < count; i++) {
    const peer = t.dial(server.port, { lane: `peer ${i}` });
    await peer.head;
    await t.roundTrip();
    peers.push(peer);
  }
  t.adopted ||= server.ws.connections.some(({ transport }) => transport === 'native');
  return { ...server, peers };
}

async function leave({ ws, peers }) {
  ws.closeAllConnections();
  for (const peer of peers) await peer.seen('gone');
}

module.exports = [
  {
    name: 'methods replaced on a connection are called by higher ones',
    run: (t) => everySend(t, (connection) => connection),
  },
  {
    name: 'methods replaced on the prototype are called by higher ones',
    run: (t) => everySend(t, () => t.ws.connection.prototype),
  },
  {
    name: 'methods replaced on a client are called by higher ones',
    run: (t) => everySend(t, (connection) => connection, { client: true }),
  },
  {
    name: 'a replaced sendFrame() gets the answer to a ping and to a close frame',
    adopts: false,
    async run(t) {
      wrap(t, t.ws.connection.prototype, ['sendFrame', 'pong', 'sendCloseFrame'], t.lane('calls'));
      const { peer } = await t.accepted();
      await t.lane().until('resume');
      peer.send('ping', 'one');
      await peer.seen('frame');
      peer.close(4000, 'over');
      await peer.seen('gone');
      await t.lane().until('close');
    },
  },
  ...['ping', 'sendFrame', 'handleKeepaliveTimer'].map((name) => ({
    name: `a replaced ${name}() gets keepalive pings`,
    adopts: false,
    async run(t) {
      const config = {
        keepalive: true,
        keepaliveInterval: 50,
        dropConnectionOnKeepaliveTimeout: false,
      };
      const lane = t.lane('calls');
      const { connection, peer } = await t.accepted({
        config,
        accept(request) {
          const accepted = request.accept();
          const before = accepted[name];
          let calls = 0;
          accepted[name] = function (...args) {
            if (++calls <= 2) lane.add(name, ...args.map(plain));
            return before.apply(this, args);
          };
          // Upstream binds this one when it makes the connection.
          if (name === 'handleKeepaliveTimer')
            accepted._keepaliveTimerHandler = () => accepted[name]();
          return accepted;
        },
        dial: { onFrame: ({ opcode }) => opcode !== 'ping' },
      });
      await lane.until(name, 2);
      connection.socket.destroy();
      await peer.seen('gone');
      await t.lane().until('close');
    },
  })),
  {
    name: 'a pong() and a sendFrame() that are replaced later get the answer to a ping',
    async run(t) {
      const { connection, peer } = await t.accepted({ config: { transport: 'stream' } });
      t.adopted = true;
      await t.lane().until('resume');
      wrap(t, connection, ['sendFrame', 'pong'], t.lane('calls'));
      peer.send('ping', 'one');
      await peer.seen('frame');
      await t.farewell(peer);
    },
  },
  {
    name: 'a replaced sendCloseFrame() is called by drop()',
    async run(t) {
      const { connection, peer } = await t.accepted({ dial: { answersClose: false } });
      await t.lane().until('resume');
      wrap(t, connection, ['sendCloseFrame', 'sendFrame'], t.lane('calls'));
      connection.drop(4001, 'dropped');
      await peer.seen('gone');
    },
  },
  {
    name: 'broadcasts call methods replaced on a connection, in the order of the connections',
    async run(t) {
      const server = await crowd(t, 3);
      wrap(t, server.ws.connections[1], NAMES, t.lane('calls'));
      server.ws.broadcastUTF('text');
      server.ws.broadcast('more');
      server.ws.broadcastBytes(Buffer.from([1]));
      server.ws.broadcast(Buffer.from([2]));
      for (const peer of server.peers) await peer.seen('frame', 4);
      await leave(server);
    },
  },
  {
    name: 'broadcasts call methods replaced on the prototype',
    async run(t) {
      const server = await crowd(t, 2);
      wrap(t, t.ws.connection.prototype, NAMES, t.lane('calls'));
      server.ws.broadcastUTF('text');
      server.ws.broadcastBytes(Buffer.from([1]));
      for (const peer of server.peers) await peer.seen('frame', 2);
      await leave(server);
    },
  },
  {
    name: 'broadcasts call the methods of a subclass',
    async run(t) {
      class Loud extends t.ws.connection {
        sendUTF(data, callback) {
          return super.sendUTF(`${data}!`, callback);
        }
      }
      const server = await crowd(t, 2);
      Object.setPrototypeOf(server.ws.connections[0], Loud.prototype);
      server.ws.broadcastUTF('text');
      for (const peer of server.peers) await peer.seen('frame');
      await leave(server);
    },
  },
  {
    name: 'broadcasts reach entries that an application has put into the list',
    async run(t) {
      const server = await crowd(t, 1);
      const lane = t.lane('foreign');
      const foreign = {
        sendUTF: (...args) => lane.add('sendUTF', ...args),
        sendBytes: (...args) => lane.add('sendBytes', ...args),
      };
      server.ws.connections.unshift(foreign);
      server.ws.broadcastUTF('text');
      server.ws.broadcastUTF(42);
      server.ws.broadcastBytes(Buffer.from([1]));
      server.ws.connections.shift();
      await server.peers[0].seen('frame', 3);
      await leave(server);
    },
  },
  {
    name: 'a broadcast reads its data for each connection behind a replaced method anew',
    async run(t) {
      const server = await crowd(t, 3);
      server.ws.connections[1].sendUTF = () => {};
      let count = 0;
      server.ws.broadcastUTF({ toString: () => `text ${++count}` });
      t.lane('texts').add('count', count);
      await server.peers[0].seen('frame');
      await server.peers[2].seen('frame');
      await leave(server);
    },
  },
  {
    name: 'a broadcast ends at the first connection that throws',
    async run(t) {
      const server = await crowd(t, 3);
      const lane = t.lane('calls');
      server.ws.connections[1].sendUTF = () => {
        throw new Error('not today');
      };
      lane.call('broadcast', () => server.ws.broadcastUTF('text'));
      await server.peers[0].seen('frame');
      await leave(server);
    },
  },
  {
    name: 'a broadcast without connections does not read its data',
    adopts: false,
    async run(t) {
      const { ws } = await t.server();
      const lane = t.lane('calls');
      for (const data of [undefined, null, 5]) {
        lane.call('broadcastUTF', () => ws.broadcastUTF(data));
        lane.call('broadcastBytes', () => ws.broadcastBytes(data));
      }
    },
  },
  {
    name: 'a replaced write() of the socket gets every sent byte',
    adopts: false,
    async run(t) {
      const lane = t.lane('bytes');
      const server = await t.server();
      server.http.on('connection', (socket) => {
        const { write } = socket;
        socket.write = function (chunk, ...rest) {
          lane.add('write', Buffer.from(chunk).toString('latin1'));
          return write.call(this, chunk, ...rest);
        };
      });
      server.ws.on('request', (request) => {
        const connection = request.accept();
        t.watch(connection);
        connection.on('message', ({ utf8Data }) => connection.sendUTF(utf8Data));
      });
      const peer = t.dial(server.port);
      await peer.head;
      await t.lane().until('resume');
      for (const text of ['a', 'b']) peer.text(text);
      await peer.seen('frame', 2);
      await t.farewell(peer);
    },
  },
  {
    name: 'a listener for data of the socket gets every received byte',
    adopts: false,
    async run(t) {
      const lane = t.lane('bytes');
      const server = await t.server();
      server.ws.on('request', (request) => {
        request.socket.on('data', (chunk) => lane.add('data', chunk.length));
        const connection = request.accept();
        t.watch(connection);
      });
      const peer = t.dial(server.port);
      await peer.head;
      await t.roundTrip();
      peer.text('a');
      await t.lane().until('message');
      peer.close(1000);
      await peer.seen('gone');
      await t.lane().until('close');
    },
  },
  {
    name: 'a replaced handleSocketData() gets every received byte',
    adopts: false,
    async run(t) {
      const lane = t.lane('bytes');
      const { handleSocketData } = t.ws.connection.prototype;
      t.ws.connection.prototype.handleSocketData = function (chunk) {
        lane.add('data', chunk.length);
        return handleSocketData.call(this, chunk);
      };
      t.defer(() => {
        t.ws.connection.prototype.handleSocketData = handleSocketData;
      });
      const { peer } = await t.accepted();
      await t.lane().until('resume');
      peer.text('a');
      await t.lane().until('message');
      await t.farewell(peer);
    },
  },
];
