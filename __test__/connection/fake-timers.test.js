'use strict';

// Tests of applications advance the clock by hand. Keepalive, grace period and close timeout follow
// that clock, as in upstream. Each scenario runs on both, and both do the same things at the same
// times.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const path = require('node:path');
const { describe } = require('node:test');
const UpstreamConnection = require('websocket').connection;

const ours = require('../..');
const { it, onEachTransport, open, serve } = require('../support/connect');
const { closing, until } = require('../support/events');
const FakeClock = require('../support/fakeClock');
const FakeSocket = require('../support/fakeSocket');
const { CLOSE, FrameReader, PING, PONG, TEXT, encode } = require('../support/frames');

const SECOND = 1000;

const CONFIG = {
  assembleFragments: true,
  maxReceivedFrameSize: 0x10000,
  maxReceivedMessageSize: 0x100000,
  fragmentOutgoingMessages: true,
  fragmentationThreshold: 0x4000,
  closeTimeout: 5 * SECOND,
  disableNagleAlgorithm: true,
  keepalive: true,
  keepaliveInterval: 20 * SECOND,
  dropConnectionOnKeepaliveTimeout: true,
  keepaliveGracePeriod: 10 * SECOND,
  useNativeKeepalive: false,
};

const CLOCKS = {
  'setTimeout and Date': {},
  'setTimeout alone': { fakesDate: false },
  'timers that are numbers': { givesNumbers: true },
};

/** A connection over a fake socket. It records what happens, and when. */
class Subject {
  log = [];

  constructor(Connection, config, now) {
    this.now = now;
    this.socket = new FakeSocket();
    const reader = new FrameReader();
    this.socket.write = (data) => {
      for (const { opcode } of reader.push(data)) this.note('frame', opcode);
      return true;
    };
    this.socket.end = () => this.note('end');
    this.socket.destroy = () => {
      if (this.socket.destroyed) return;
      this.socket.destroyed = true;
      this.note('destroy');
      this.socket.emit('close', false);
    };
    this.connection = new Connection(this.socket, [], null, false, { ...CONFIG, ...config });
    this.connection._addSocketEventListeners();
    this.connection.on('close', (...args) => this.note('close', ...args));
    this.connection.on('error', (error) => this.note('error', error.message));
  }

  note = (...what) => this.log.push([this.now(), ...what]);

  receive = (opcode) => {
    this.socket.emit('data', encode({ opcode, payload: 'a', masked: true }));
  };
}

/**
 * By name: the configuration and the actions. Only the end of an unanswered close() differs:
 * upstream ends the socket once more, and we destroy it.
 */
const SCENARIOS = {
  'a peer that says nothing': [{}, (_subject, clock) => clock.tick(60 * SECOND)],
  'a second of silence after the other': [
    {},
    (_subject, clock) => {
      for (let i = 0; i < 60; i++) clock.tick(SECOND);
    },
  ],
  'a peer that answers each ping': [
    {},
    ({ receive }, clock) => {
      for (let i = 0; i < 5; i++) {
        clock.tick(20 * SECOND + 10);
        receive(PONG);
        clock.tick(7);
      }
      clock.tick(60 * SECOND);
    },
  ],
  'a peer that says something now and then': [
    {},
    ({ receive }, clock) => {
      for (const pause of [10, 19.999, 20, 5, 29, 19, 1]) {
        clock.tick(pause * SECOND);
        receive(TEXT);
      }
      clock.tick(60 * SECOND);
    },
  ],
  'a grace period that ends just in time': [
    {},
    ({ receive }, clock) => {
      clock.tick(29999);
      receive(PONG);
      clock.tick(29999);
      receive(TEXT);
      clock.tick(30000);
    },
  ],
  'no grace period': [
    { dropConnectionOnKeepaliveTimeout: false },
    ({ receive }, clock) => {
      clock.tick(50 * SECOND);
      receive(TEXT);
      clock.tick(50 * SECOND);
    },
  ],
  'no keepalive': [
    { keepalive: false },
    ({ receive }, clock) => {
      receive(TEXT);
      clock.tick(3600 * SECOND);
    },
  ],
  'a drop': [
    {},
    ({ connection }, clock) => {
      clock.tick(20 * SECOND);
      connection.drop(1008, 'enough');
      clock.tick(60 * SECOND);
    },
  ],
  'timers that the application starts by hand': [
    {},
    ({ connection }, clock) => {
      connection.clearKeepaliveTimer();
      connection.setGracePeriodTimer();
      clock.tick(9999);
      connection.clearGracePeriodTimer();
      clock.tick(1);
      connection.setCloseTimer();
      clock.tick(4999);
      connection.clearCloseTimer();
      clock.tick(SECOND);
      connection.setKeepaliveTimer();
      clock.tick(30 * SECOND);
    },
  ],
  'a date that is set back and forth': [
    {},
    ({ receive }, clock) => {
      clock.setDate(-3600 * SECOND);
      clock.tick(15 * SECOND);
      clock.setDate(7200 * SECOND);
      receive(TEXT);
      clock.tick(15 * SECOND);
      clock.setDate(-3600 * SECOND);
      clock.tick(60 * SECOND);
    },
  ],
};

function run(Connection, [config, scenario], options) {
  const clock = new FakeClock(options);
  try {
    const subject = new Subject(Connection, config, () => clock.time);
    scenario(subject, clock);
    subject.note(
      'in the end',
      subject.connection.state,
      subject.connection.waitingForCloseResponse,
    );
    return subject.log;
  } finally {
    clock.uninstall();
  }
}

for (const [fakes, options] of Object.entries(CLOCKS)) {
  describe(`Fake timers: ${fakes}`, () => {
    for (const [name, scenario] of Object.entries(SCENARIOS)) {
      it(`time ${name} as upstream does`, () => {
        const expected = run(UpstreamConnection, scenario, options);
        assert.deepEqual(run(ours.connection, scenario, options), expected);
        assert.ok(expected.length > 0);
      });
    }
  });
}

describe('Fake timers', () => {
  for (const keepalive of [true, false]) {
    it(`destroy the socket after closeTimeout, within the tick, keepalive: ${keepalive}`, () => {
      const config = { keepalive, keepaliveGracePeriod: 4 * SECOND };
      const scenario = ({ connection, note }, clock) => {
        clock.tick(22 * SECOND);
        connection.close(4000, 'bye');
        clock.tick(4999);
        note('before');
        clock.tick(1);
        note('after');
        clock.tick(60 * SECOND);
      };
      const log = run(ours.connection, [config, scenario], {});
      assert.deepEqual(keepalive ? log.slice(1) : log, [
        [22000, 'frame', CLOSE],
        [22000, 'end'],
        [26999, 'before'],
        [27000, 'destroy'],
        [27000, 'close', 4000, 'bye'],
        [27000, 'after'],
        [87000, 'in the end', 'closed', false],
      ]);
    });
  }

  it('apply to a package that is loaded later', () => {
    const clock = new FakeClock();
    const root = path.resolve(__dirname, '../..');
    const kept = new Map();
    for (const name of Object.keys(require.cache)) {
      if (!name.startsWith(root) || name.includes('node_modules') || name.includes('__test__'))
        continue;
      kept.set(name, require.cache[name]);
      delete require.cache[name];
    }
    try {
      const { connection } = require('../..');
      assert.notEqual(connection, ours.connection);
      const subject = new Subject(connection, {}, () => clock.time);
      clock.tick(60 * SECOND);
      assert.deepEqual(subject.log, [
        [20 * SECOND, 'frame', PING],
        [30 * SECOND, 'close', 1006, 'Peer not responding.'],
        [30 * SECOND, 'destroy'],
      ]);
    } finally {
      clock.uninstall();
      for (const [name, module] of kept) require.cache[name] = module;
    }
  });

  it('apply to open connections from the next receipt on', () => {
    let clock;
    const subject = new Subject(ours.connection, {}, () => clock?.time);
    clock = new FakeClock();
    try {
      clock.tick(60 * SECOND);
      assert.deepEqual(subject.log, []);
      subject.receive(TEXT);
      clock.tick(25 * SECOND);
      assert.deepEqual(subject.log, [[80 * SECOND, 'frame', PING]]);
    } finally {
      clock.uninstall();
      subject.socket.destroy();
    }
  });

  it('have no effect after they are uninstalled', async () => {
    const clock = new FakeClock();
    const subject = new Subject(ours.connection, { keepaliveInterval: 30 }, () => 0);
    clock.uninstall();
    assert.equal(clock.count, 1);
    const from = performance.now();
    subject.receive(TEXT);
    // The connection's own timer keeps no process alive.
    const alive = setInterval(() => {}, 1000);
    await new Promise((resolve) => {
      subject.socket.write = resolve;
    });
    clearInterval(alive);
    assert.ok(performance.now() - from > 29);
    subject.socket.destroy();
  });

  it('keep no timer of a closed connection', async () => {
    const clock = new FakeClock();
    try {
      const subject = new Subject(ours.connection, {}, () => 0);
      subject.receive(TEXT);
      assert.equal(clock.count, 1);
      subject.socket.destroy();
      await until(() => clock.count === 0);
    } finally {
      clock.uninstall();
    }
  });
});

const REAL_SOCKETS = ['stream', 'tls'];

onEachTransport(
  'Fake timers and real sockets',
  (transport) => {
    it('make the connection ping, and drop a peer that does not answer', async (t) => {
      const clock = new FakeClock();
      t.after(() => clock.uninstall());
      const { connection, peer } = await open(t, { transport, config: CONFIG });
      for (let i = 0; i < 3; i++) {
        clock.tick(20 * SECOND);
        await peer.expect(PING);
        const answered = once(connection, 'pong');
        peer.pong('');
        await answered;
      }
      clock.tick(20 * SECOND);
      const closed = closing(connection);
      clock.tick(10 * SECOND);
      assert.deepEqual(await closed, [1006, 'Peer not responding.']);
      assert.equal(connection.socket.destroyed, true);
    });
  },
  REAL_SOCKETS,
);

describe('Fake timers and plain sockets', () => {
  it('keep the connection on the stream transport, because I/O threads use the real time', async (t) => {
    const clock = new FakeClock();
    t.after(() => clock.uninstall());
    const { url, wsServer } = await serve(t, { transport: 'native', config: CONFIG });
    wsServer.once('request', (request) => request.accept());
    const client = new ours.client();
    const accepting = once(wsServer, 'connect');
    client.connect(url);
    const [connection] = await once(client, 'connect');
    const [accepted] = await accepting;
    t.after(() => connection.socket.destroy());
    accepted.send('there');
    await once(connection, 'message');
    connection.send('and back');
    await once(accepted, 'message');
    assert.deepEqual([connection.transport, accepted.transport], ['stream', 'stream']);
  });
});
