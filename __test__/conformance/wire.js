'use strict';

const assert = require('node:assert/strict');

const { TRANSPORTS, open } = require('../support/connect');
const { closing } = require('../support/events');
const { encode } = require('../support/frames');

/** The two transports over plain TCP. ('tls' is the stream transport over TLS.) */
const PLAIN = TRANSPORTS.filter((transport) => transport !== 'tls');

const MASKING_KEY = Buffer.from('37fa213d', 'hex');

/**
 * The bytes of frames, valid or not. Each is written as the hex digits of its header and of its
 * payload: `'8105 48656c6c6f'`. The notation omits the mask, which depends on the sender's role.
 *
 * @param {boolean} masks
 * @param {string[]} frames
 */
function bytesOf(masks, frames) {
  return Buffer.concat(
    frames.flatMap((frame) => {
      const [header, payload] = frame.split(' ').map((digits) => Buffer.from(digits, 'hex'));
      if (masks) header[1] |= 0x80;
      const key = masks ? [MASKING_KEY] : [];
      const masked = payload?.map((byte, i) => (masks ? byte ^ MASKING_KEY[i % 4] : byte));
      return [header, ...key, masked ?? Buffer.alloc(0)];
    }),
  );
}

/** A received frame in the same notation. */
function hexOf({ fin, rsv, opcode, payload }) {
  const bytes = encode({ fin, rsv, opcode, payload });
  const header = bytes.toString('hex', 0, bytes.length - payload.length);
  return payload.length > 0 ? `${header} ${payload.toString('hex')}` : header;
}

/** The hex digits of ASCII text, to append to those of a close code. */
function ascii(text) {
  return Buffer.from(text, 'latin1').toString('hex');
}

/** The frames between a raw peer and the connection under test. */
class Wire {
  #seen = 0;

  /** @param {import('../support/RawPeer')} peer */
  constructor(peer) {
    this.peer = peer;
  }

  /** Sends frames in one write. */
  send(...frames) {
    return this.peer.write(bytesOf(this.peer.masks, frames));
  }

  /** The next frame. */
  async next() {
    return this.#check(await this.peer.next());
  }

  /** Every further frame until the end of TCP, and then 'FIN' or an error's code. */
  async rest() {
    const frames = (await this.peer.rest()).map((frame) => this.#check(frame));
    assert.equal(this.peer.bytesReceived, this.#seen, 'whole frames with the shortest headers');
    return [...frames, this.peer.ending];
  }

  /** Ends TCP on both sides. Fails if it was reset. */
  async finish() {
    const { socket } = this.peer;
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.end();
    assert.equal(await closed, false, 'TCP ended with an error');
  }

  #check(frame) {
    assert.equal(frame.masked, !this.peer.masks, 'a client masks and a server does not');
    const hex = hexOf(frame);
    this.#seen += hex.replace(' ', '').length / 2 + (frame.masked ? MASKING_KEY.length : 0);
    return hex;
  }
}

/**
 * A connection under test, the wire to it, and its messages. `closed` resolves with the arguments
 * of its 'close' event.
 *
 * @param {object} setting as for `open`
 * @param {string[]} [setting.frames] that the peer sends in one segment with its handshake
 */
async function openWire(t, { frames = [], ...setting }) {
  const messages = [];
  let closed;
  const { connection, peer } = await open(t, {
    ...setting,
    head: bytesOf(setting.role === 'server', frames),
    onConnection(connection) {
      connection.on('message', ({ utf8Data, binaryData }) => {
        messages.push(utf8Data ?? binaryData.toString('hex'));
      });
      closed = closing(connection);
    },
  });
  return { connection, wire: new Wire(peer), messages, closed };
}

module.exports = { PLAIN, Wire, ascii, openWire };
