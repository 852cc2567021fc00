'use strict';

// What the engine takes for a WebSocket handshake is one for Node's HTTP parser, too. HEADS sets how
// many random heads are compared, and SEED which.

const assert = require('node:assert');
const http = require('node:http');
const { describe, it } = require('node:test');
const { Duplex } = require('node:stream');

const { engine } = require('../../lib/internal/engine/engine');
const { until } = require('../support/events');
const heads = require('./heads');
const Listener = require('./Listener');

const WITHOUT_IO_THREADS = process.platform === 'win32' ? 'there are no I/O threads' : false;
const COUNT = Number(process.env.HEADS ?? 4000);
const SEED = Number(process.env.SEED ?? 18);
/** Listeners at work. Each has one connection at a time. */
const AT_ONCE = 16;

/** A connection of Node's server that brings these bytes. */
class Arrived extends Duplex {
  constructor(bytes) {
    super();
    this.push(bytes);
  }

  _read() {}

  _write(_chunk, _encoding, done) {
    done();
  }

  setTimeout() {
    return this;
  }
}

/**
 * What Node's server makes of the bytes: the parts of an upgrade, or null.
 *
 * @param {http.Server} server
 * @param {Buffer} bytes
 */
async function judgedByNode(server, bytes) {
  let judged = null;
  server.once('upgrade', (request, _socket, head) => {
    const { method, url, rawHeaders } = request;
    judged = { parts: [method, url, ...rawHeaders], rest: head.toString('latin1') };
  });
  const connection = new Arrived(bytes);
  server.emit('connection', connection);
  // The stream brings its bytes in a tick, and an upgrade is emitted at once.
  await new Promise(setImmediate);
  server.removeAllListeners('upgrade');
  connection.destroy();
  return judged;
}

/**
 * What the engine makes of the bytes: the parts of a handshake, or null.
 *
 * @param {import('node:test').TestContext} t
 * @param {Listener} listener
 * @param {Buffer} bytes
 */
async function judgedByEngine(t, listener, bytes) {
  const client = listener.connect(t);
  client.end(bytes);
  const { name, extra, payload } = await listener.next();
  let judged = null;
  if (name === 'request') {
    const [, port, length, ...parts] = payload.split('\0');
    assert.strictEqual(Number(port), client.localPort);
    const link = listener.accept(extra);
    engine.releaseHeld(link.slot);
    await until(() => link.names.includes('end'));
    const rest = Buffer.concat(
      link.events.filter(({ name }) => name === 'bytes').map((event) => event.payload),
    );
    // The end may be read, or more bytes, before the ticket is taken.
    assert.ok(rest.length >= Number(length));
    judged = { parts, rest: rest.toString('latin1') };
    await link.release();
  } else {
    assert.strictEqual(name, 'http');
    engine.closeArriving(listener.slot);
  }
  client.destroy();
  return judged;
}

describe('A request head', { skip: WITHOUT_IO_THREADS }, () => {
  it(`that the engine takes for a handshake is one for Node, among ${COUNT} random ones`, async (t) => {
    const server = http.createServer(() => {});
    server.on('clientError', () => {});
    const next = heads(SEED);
    const inputs = Array.from({ length: COUNT }, () => Buffer.from(next(), 'latin1')).filter(
      (bytes) => bytes.length > 0,
    );
    const count = { both: 0, nodeAlone: 0, none: 0 };
    let asked = Promise.resolve();
    const works = Array.from({ length: AT_ONCE }, async () => {
      const listener = new Listener(t);
      for (let bytes = inputs.pop(); bytes !== undefined; bytes = inputs.pop()) {
        const judged = await judgedByEngine(t, listener, bytes);
        if (judged !== null) count.both++;
        // Node's server is asked about one connection at a time.
        asked = asked.then(async () => {
          const expected = await judgedByNode(server, bytes);
          if (judged !== null)
            assert.deepStrictEqual(judged, expected, JSON.stringify(bytes.toString('latin1')));
          else if (expected === null) count.none++;
          else count.nodeAlone++;
        });
        await asked;
      }
    });
    await Promise.all(works);
    t.diagnostic(JSON.stringify(count));
    assert.ok(count.both > COUNT / 10 && count.none > COUNT / 10, JSON.stringify(count));
  });
});
