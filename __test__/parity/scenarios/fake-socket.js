'use strict';

const { encodeFrame } = require('../harness/wire');

/** A connection over a fake socket. The socket's calls and the events share one lane. */
function faked(t, { config, mask = false, socket: options, listen = true } = {}) {
  const socket = t.fakeSocket(options);
  const connection = new t.ws.connection(socket, [], 'chat', mask, t.connectionConfig(config));
  t.watch(connection);
  if (listen) connection._addSocketEventListeners();
  return { socket, connection, lane: t.lane() };
}

const data = (...frames) => Buffer.concat(frames);
const text = (payload, options) => encodeFrame('text', payload, options);

module.exports = [
  {
    name: 'fake socket: the constructor sets the socket up, listeners come later',
    async run(t) {
      const { connection, socket, lane } = faked(t, { listen: false });
      lane.add('fields', connection.protocol, connection.extensions, connection.remoteAddress);
      lane.add('same', connection.socket === socket, connection.maskOutgoingPackets);
      lane.add('state', connection.state, connection.connected, connection.closeReasonCode);
      lane.add('buffers', connection.maskBytes.length, connection.frameHeader.length);
      lane.add('queue', connection.frameQueue, connection.fragmentationSize);
      lane.add(
        'frame',
        connection.currentFrame instanceof t.ws.frame,
        connection.bufferList.length,
      );
      lane.call('listeners', () => connection._addSocketEventListeners());
    },
  },
  {
    name: 'fake socket: disableNagleAlgorithm and native keepalive reach the socket',
    async run(t) {
      faked(t, {
        config: {
          disableNagleAlgorithm: false,
          keepalive: true,
          useNativeKeepalive: true,
          keepaliveInterval: 1234,
        },
      });
    },
  },
  {
    name: 'fake socket: calls that the constructor refuses',
    async run(t) {
      const lane = t.lane();
      const construct = (label, config, without) => {
        const socket = t.fakeSocket({ lane: t.lane('socket') });
        delete socket[without];
        lane.call(label, () => {
          const keepalive = { keepalive: true, ...config };
          new t.ws.connection(socket, [], null, false, t.connectionConfig(keepalive));
        });
      };
      construct('no interval', {});
      construct('interval as text', { keepaliveInterval: '1' });
      construct('no grace period', {
        keepaliveInterval: 60_000,
        dropConnectionOnKeepaliveTimeout: true,
      });
      construct('no setKeepAlive', { useNativeKeepalive: true }, 'setKeepAlive');
    },
  },
  {
    name: 'fake socket: each send is one write of one frame, at once',
    async run(t) {
      const { connection, lane } = faked(t);
      lane.call('sendUTF', () => connection.sendUTF('grüße'));
      lane.call('sendBytes', () => connection.sendBytes(Buffer.from([1, 2])));
      lane.call('send', () => connection.send(7));
      lane.call('ping', () => connection.ping('p'));
      lane.call('pong', () => connection.pong(Buffer.from('q')));
      lane.call('empty', () => connection.sendUTF(''));
      lane.call('long', () => connection.sendBytes(Buffer.alloc(0x5000, 3), () => {}));
    },
  },
  {
    name: 'fake socket: a client masks',
    async run(t) {
      const { connection, lane } = faked(t, { mask: true });
      lane.call('sendUTF', () => connection.sendUTF('masked'));
      lane.call('ping', () => connection.ping());
    },
  },
  {
    name: 'fake socket: write() is looked up when it is called',
    async run(t) {
      const { connection, socket, lane } = faked(t);
      socket.write = (bytes) => {
        lane.add('replaced', bytes);
        return true;
      };
      connection.sendUTF('x');
    },
  },
  {
    name: 'fake socket: another socket in its place gets what is sent, and the end',
    async run(t) {
      const { connection, lane } = faked(t);
      connection.socket = t.fakeSocket({ lane: t.lane('other') });
      lane.call('sendUTF', () => connection.sendUTF('a'));
      lane.call('ping', () => connection.ping());
      lane.call('drop', () => connection.drop());
    },
  },
  {
    name: 'fake socket: another socket in its place before the connection listens is heard',
    async run(t) {
      const { connection, lane } = faked(t, { listen: false });
      const other = t.fakeSocket({ lane: t.lane('other') });
      connection.socket = other;
      connection._addSocketEventListeners();
      other.emit('data', text('heard'));
      await lane.until('message');
    },
  },
  {
    name: 'fake socket: a replaced processReceivedData() decides when messages are delivered',
    async run(t) {
      const { connection, socket, lane } = faked(t);
      const { processReceivedData } = connection;
      let calls = 0;
      connection.processReceivedData = () => calls++;
      socket.emit('data', text('late'));
      lane.add('called', calls > 0);
      connection.processReceivedData = processReceivedData;
      lane.call('processReceivedData', () => connection.processReceivedData());
      await lane.until('message');
    },
  },
  {
    name: 'fake socket: the application may give a connection fields of its own names',
    async run(t) {
      const { connection, lane } = faked(t);
      lane.call('transport', () => {
        connection.transport = 'ws';
        return connection.transport;
      });
      lane.call('sendUTF', () => connection.sendUTF('a') && undefined);
    },
  },
  {
    name: 'fake socket: the result of write() becomes outputBufferFull, until drain',
    async run(t) {
      const { connection, socket, lane } = faked(t, { socket: { writes: () => false } });
      connection.sendUTF('full');
      lane.add('outputBufferFull', connection.outputBufferFull);
      lane.call('emit drain', () => socket.emit('drain'));
      lane.add('outputBufferFull', connection.outputBufferFull);
      socket.writes = () => true;
      connection.sendUTF('not full');
      lane.add('outputBufferFull', connection.outputBufferFull);
    },
  },
  {
    name: 'fake socket: callbacks are those of write()',
    async run(t) {
      const { connection, socket, lane } = faked(t, { config: { fragmentationThreshold: 2 } });
      connection.sendUTF('a', (...values) => lane.add('sent', ...values));
      connection.sendUTF('abc', (...values) => lane.add('sent fragments', ...values));
      lane.add('callbacks', socket.callbacks.length);
      const [one, two, three] = socket.callbacks;
      lane.call('first', () => one(null));
      lane.call('second', () => two());
      lane.call('third', () => three());
      connection.sendUTF('b', (error) => lane.add('failed', error));
      lane.call('error', () => socket.callbacks[3](new Error('no room')));
    },
  },
  {
    name: 'fake socket: data becomes messages, pings become pongs',
    async run(t) {
      const { socket, lane } = faked(t);
      socket.emit('data', text('one'));
      await lane.until('message');
      socket.emit('data', data(text('two'), encodeFrame('binary', [1, 2]), text('three')));
      await lane.until('message', 4);
      socket.emit('data', encodeFrame('ping', 'p'));
      await lane.until('socket frame');
      socket.emit('data', encodeFrame('pong', 'q'));
      await lane.until('pong');
    },
  },
  {
    name: 'fake socket: both masked and unmasked frames are taken',
    async run(t) {
      const { socket, lane } = faked(t);
      socket.emit('data', text('masked'));
      await lane.until('message');
      socket.emit('data', text('bare', { mask: false }));
      await lane.until('message', 2);
    },
  },
  {
    name: 'fake socket: fragments and a frame in single bytes',
    async run(t) {
      const { socket, lane } = faked(t);
      socket.emit('data', text('one, ', { fin: false }));
      socket.emit('data', encodeFrame('continuation', 'two'));
      await lane.until('message');
      for (const byte of text('bytes')) socket.emit('data', Buffer.from([byte]));
      await lane.until('message', 2);
    },
  },
  {
    name: 'fake socket: handleSocketData() called by hand',
    async run(t) {
      const { connection, lane } = faked(t, { listen: false });
      connection.handleSocketData(text('by hand'));
      await lane.until('message');
    },
  },
  {
    name: 'fake socket: the close handshake, from here',
    async run(t) {
      const { connection, socket, lane } = faked(t);
      lane.call('close', () => connection.close(4000, 'bye'));
      lane.add('fields', connection.state, connection.connected);
      socket.emit('data', encodeFrame('close', [0x0f, 0xa0]));
      await t.turns();
      socket.emit('end');
      lane.call('emit close', () => socket.emit('close', false));
    },
  },
  {
    name: 'fake socket: the close handshake, from the peer',
    async run(t) {
      const { socket, lane } = faked(t);
      socket.emit('data', encodeFrame('close', [0x0f, 0xa0, 0x78, 0x79]));
      await lane.until('socket.end');
      socket.emit('end');
      lane.call('emit close', () => socket.emit('close', false));
    },
  },
  {
    name: 'fake socket: the close timer',
    async run(t) {
      const { connection, socket, lane } = faked(t, { config: { closeTimeout: 20 } });
      connection.close();
      while (connection.waitingForCloseResponse) await new Promise(setImmediate);
      await t.turns();
      lane.add('state', connection.state);
      socket.emit('close', false);
    },
    differs: [
      {
        row: 'closeTimer',
        lane: 'connection',
        upstream: [['socket.end']],
        ours: [['socket.destroy']],
      },
    ],
  },
  {
    name: 'fake socket: drop() writes, ends, emits and destroys in one turn',
    async run(t) {
      const { connection, lane } = faked(t);
      lane.call('drop', () => connection.drop(4000, 'out'));
      lane.add('fields', connection.state, connection.connected);
      lane.call('again', () => connection.drop(4001, 'again', true));
    },
  },
  {
    name: 'fake socket: error, end and close pass on at once',
    async run(t) {
      const { connection, socket, lane } = faked(t);
      lane.call('emit end', () => socket.emit('end'));
      lane.add('receivedEnd', connection.receivedEnd, connection.state);
      const error = Object.assign(new Error('broken'), { code: 'EPIPE', syscall: 'write' });
      lane.call('emit error', () => socket.emit('error', error));
      lane.call('emit close', () => socket.emit('close', true));
      lane.call('emit error again', () => socket.emit('error', error));
      lane.call('emit close again', () => socket.emit('close', true));
      lane.add('socketHadError', connection.socketHadError);
    },
  },
  {
    name: 'fake socket: a protocol violation drops the connection',
    async run(t) {
      const { socket, lane } = faked(t);
      socket.emit('data', encodeFrame(3, 'x'));
      await lane.until('socket.destroy');
    },
  },
  {
    name: 'fake socket: pause and resume go to the socket, its events come back',
    async run(t) {
      const { connection, socket, lane } = faked(t);
      lane.call('pause', () => connection.pause());
      socket.emit('pause');
      lane.add('inputPaused', connection.inputPaused);
      socket.emit('data', text('held back'));
      await t.turns();
      lane.call('resume', () => connection.resume());
      socket.emit('resume');
      await lane.until('message');
      lane.add('inputPaused', connection.inputPaused);
    },
  },
  {
    name: 'fake socket: two connections share one',
    async run(t) {
      const socket = t.fakeSocket();
      const config = t.connectionConfig();
      const server = new t.ws.connection(socket, [], null, false, config);
      const client = new t.ws.connection(socket, [], null, true, config);
      t.watch(server, 'server');
      t.watch(client, 'client');
      server._addSocketEventListeners();
      client._addSocketEventListeners();
      server.sendUTF('from the server');
      client.sendUTF('from the client');
      socket.emit('data', text('for both'));
      await t.lane('server').until('message');
      await t.lane('client').until('message');
      socket.emit('close', false);
    },
  },
  {
    name: 'fake socket: keepalive pings, and a peer that never answers',
    async run(t) {
      const { lane } = faked(t, {
        config: {
          keepalive: true,
          keepaliveInterval: 20,
          dropConnectionOnKeepaliveTimeout: true,
          keepaliveGracePeriod: 20,
        },
      });
      await lane.until('socket.destroy');
    },
  },
  {
    name: 'fake socket: frames instead of messages',
    async run(t) {
      const { connection, socket, lane } = faked(t, { config: { assembleFragments: false } });
      connection.on('frame', ({ opcode, fin, length, binaryPayload }) => {
        lane.add('fields', opcode, fin, length, binaryPayload);
      });
      socket.emit('data', data(text('one', { fin: false }), encodeFrame('continuation', 'two')));
      await lane.until('fields', 2);
    },
  },
].map((scenario) => ({ adopts: false, ...scenario }));
