'use strict';

const { onEachRole } = require('../roles');

/** A subclass that records what ws calls on the instance itself. */
function noting(t) {
  const lane = t.lane('calls');
  const names = ['emit', 'close', 'ping', 'pong', 'send', 'terminate', 'setSocket', 'emitClose'];
  class Noting extends t.ws {}
  for (const name of [...names, 'addEventListener', 'pause', 'resume']) {
    Noting.prototype[name] = function note(...values) {
      const shown =
        name === 'setSocket' ? [] : values.map((v) => (typeof v === 'function' ? 'f' : v));
      lane.add(name, ...shown, `state ${this.readyState}`);
      return t.ws.prototype[name].apply(this, values);
    };
  }
  return Noting;
}

/** A WebSocket of a subclass. */
function openClass(t, role, Class, rest = {}) {
  const option = role === 'client' ? { Class } : { WebSocket: Class };
  return t.open(role, { ...rest, options: { ...option, ...rest.options } });
}

module.exports = [
  ...onEachRole('what is called on an instance of a subclass', async (t, role) => {
    const { ws, peer } = await openClass(t, role, noting(t));
    t.lane().add('class', ws.constructor.name, ws instanceof t.ws);
    peer.text('one');
    peer.send('ping', 'p');
    peer.send('pong', 'q');
    await t.lane().until('pong');
    peer.close(4000, 'bye');
    await t.gone(peer);
  }),
  ...onEachRole('what is called at a close frame without a code', async (t, role) => {
    const { peer } = await openClass(t, role, noting(t));
    peer.close();
    await t.gone(peer);
  }),
  ...onEachRole('what is called at a violation', async (t, role) => {
    const { peer } = await openClass(t, role, noting(t), { dial: { answersClose: false } });
    peer.send(3, 'a');
    await t.gone(peer);
  }),
  ...onEachRole('what is called at our own close', async (t, role) => {
    const { ws, peer } = await openClass(t, role, noting(t));
    ws.close(1000, 'x');
    await t.gone(peer);
  }),
  ...onEachRole('what is called at the end of TCP', async (t, role) => {
    const { peer } = await openClass(t, role, noting(t));
    peer.end();
    await t.gone(peer);
  }),
  ...onEachRole('what is called by terminate()', async (t, role) => {
    const { ws, peer } = await openClass(t, role, noting(t));
    ws.terminate();
    await t.gone(peer);
  }),
  ...onEachRole(
    'what is called at too many pending pongs',
    async (t, role) => {
      const { peer } = await openClass(t, role, noting(t), {
        options: { maxPendingAutoPongs: 2 },
        events: ['close'],
      });
      peer.write(Buffer.concat([1, 2, 3, 4].map((n) => peer.frame('ping', `${n}`))));
      await t.gone(peer);
    },
    (role) =>
      role === 'server'
        ? []
        : [
            {
              row: 'pendingSends',
              on: 'tls',
              lane: 'peer',
              upstream: [],
              ours: [['frame', 'pong, masked', 'Buffer(1) 32']],
            },
          ],
  ),
  ...onEachRole('emit replaced on the instance', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const { emit } = ws;
    ws.emit = function record(event, ...values) {
      t.lane('calls').add('emit', event, ...values);
      return emit.call(this, event, ...values);
    };
    peer.text('one');
    peer.send('ping', 'p');
    await t.lane().until('ping');
    await t.farewell(peer);
  }),
  ...onEachRole('emit replaced between messages, and nobody listens', async (t, role) => {
    const { ws, peer } = await t.open(role, { events: ['close'] });
    peer.text('lost');
    peer.send('ping', 'lost, too');
    await peer.seen('frame');
    ws.emit = (event, ...values) => t.lane('calls').add('emit', event, ...values);
    peer.text('one');
    peer.send('ping', 'p');
    peer.send('pong', 'q');
    await t.lane('calls').until('emit', 3);
    peer.close(1000);
    await peer.seen('gone');
    await t.lane('calls').until('emit', 4);
  }),
  ...onEachRole('close replaced on the instance', async (t, role) => {
    const { ws, peer } = await t.open(role, { dial: { answersClose: false } });
    ws.close = (...values) => t.lane('calls').add('close', ...values);
    peer.close(4000, 'bye');
    await t.lane('calls').until('close');
    await t.roundTrip();
    t.lane('calls').add('state', ws.readyState, ws._closeFrameReceived, ws._closeCode);
    t.ws.prototype.close.call(ws, 4001, 'own');
    await t.gone(peer);
  }),
  ...onEachRole('close replaced on the instance, at a violation', async (t, role) => {
    const { ws, peer } = await t.open(role, { dial: { answersClose: false } });
    ws.close = (...values) => t.lane('calls').add('close', ...values);
    peer.send(3, 'a');
    await t.lane('calls').until('close');
    await t.lane().until('error');
    t.lane('calls').add('state', ws.readyState);
    ws.terminate();
    await t.gone(peer);
  }),
  ...onEachRole('pong replaced on the instance', async (t, role) => {
    const { ws, peer } = await t.open(role, { events: ['close'] });
    ws.pong = (data, mask, callback) => {
      t.lane('calls').add('pong', data, mask, typeof callback);
      t.ws.prototype.pong.call(ws, `not ${data}`, mask, callback);
    };
    peer.send('ping', 'one');
    peer.send('ping', 'two');
    await peer.seen('frame', 2);
    await t.farewell(peer);
  }),
  ...onEachRole('pong replaced after pings were answered', async (t, role) => {
    const { ws, peer } = await t.open(role, { events: ['close'] });
    peer.send('ping', 'one');
    await peer.seen('frame');
    ws.pong = (data) => t.lane('calls').add('pong', data);
    peer.send('ping', 'two');
    await t.lane('calls').until('pong');
    delete ws.pong;
    peer.send('ping', 'three');
    await peer.seen('frame', 2);
    await t.farewell(peer);
  }),
  ...onEachRole('emitClose replaced on the instance', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const { emitClose } = ws;
    ws.emitClose = () => {
      t.lane('calls').add('emitClose', ws.readyState);
      emitClose.call(ws);
    };
    await t.farewell(peer);
  }),
  ...onEachRole('send replaced on the instance', async (t, role) => {
    const { ws, peer } = await t.open(role);
    ws.send = (data, ...rest) => t.ws.prototype.send.call(ws, `wrapped ${data}`, ...rest);
    ws.on('message', (data) => ws.send(data));
    peer.text('one');
    await peer.seen('frame');
    await t.farewell(peer);
  }),
  ...onEachRole('readyState overridden in a subclass', async (t, role) => {
    class Own extends t.ws {
      get readyState() {
        return super.readyState;
      }
    }
    const { ws, peer } = await openClass(t, role, Own);
    ws.send('one');
    await peer.seen('frame');
    await t.farewell(peer);
  }),
  ...onEachRole('expandos and own fields of a subclass', async (t, role) => {
    class Own extends t.ws {
      isAlive = true;
      #secret = 7;
      get secret() {
        return this.#secret;
      }
    }
    const { ws, peer } = await openClass(t, role, Own);
    ws.id = 'id';
    t.lane().add('own', ws.isAlive, ws.secret, ws.id);
    await t.farewell(peer);
  }),
  {
    name: 'open on the server is heard by a subclass',
    async run(t) {
      class Own extends t.ws {
        constructor(...values) {
          super(...values);
          t.lane('calls').add('constructor', values.length, values[0], values[1]);
          this.on('open', () => t.lane('calls').add('open', this.readyState));
        }
      }
      const { peer } = await openClass(t, 'server', Own);
      await t.farewell(peer);
    },
  },
  ...onEachRole('removeAllListeners() inside of close', async (t, role) => {
    const { ws, peer } = await t.open(role);
    ws.on('close', () => ws.removeAllListeners());
    await t.farewell(peer);
  }),
  ...onEachRole('methods of the prototype replaced', async (t, role) => {
    const { pong } = t.ws.prototype;
    t.defer(() => {
      t.ws.prototype.pong = pong;
    });
    const { ws, peer } = await t.open(role, { events: ['close'] });
    t.ws.prototype.pong = function record(data, ...rest) {
      t.lane('calls').add('pong', data, this === ws);
      return pong.call(this, data, ...rest);
    };
    peer.send('ping', 'one');
    await peer.seen('frame');
    await t.lane('calls').until('pong');
    await t.farewell(peer);
  }),
];
