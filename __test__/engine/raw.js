'use strict';

// The parts of a client that these tests need. A complete client would cost or do too much.

const frames = require('../support/frames');
const { handshake } = require('../support/http');

const HANDSHAKE = handshake();
const CLOSE = frames.encode({
  opcode: frames.CLOSE,
  payload: frames.closeBody(1000),
  masked: true,
});

/** A client's frame with a text. */
function text(payload) {
  return frames.encode({ opcode: frames.TEXT, payload, masked: true });
}

/** A client's frame with bytes. */
function binary(payload) {
  return frames.encode({ opcode: frames.BINARY, payload, masked: true });
}

/**
 * Calls back with each text that arrives on a socket after the answer to the handshake.
 *
 * @param {import('node:net').Socket} socket
 * @param {(text: string) => void} onText
 */
function onTexts(socket, onText) {
  const reader = new frames.FrameReader();
  let head = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    let bytes = chunk;
    if (head !== null) {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end === -1) return;
      bytes = head.subarray(end + 4);
      head = null;
    }
    for (const { opcode, payload } of reader.push(bytes)) {
      if (opcode === frames.TEXT) onText(payload.toString());
    }
  });
}

module.exports = { CLOSE, HANDSHAKE, binary, onTexts, text };
