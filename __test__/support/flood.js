'use strict';

/**
 * A client that sends as fast as TCP takes it. It has a process of its own, so that its memory does
 * not count and so that it goes on while the thread under test is busy.
 *
 *   node flood.js PORT SIZE COUNT [CA]
 *
 * Sends COUNT binary messages of SIZE bytes, each beginning with its number in 32 bits, and then a
 * close frame. Reports to its parent how many messages TCP has taken so far.
 */

const net = require('node:net');
const tls = require('node:tls');

const { handshake } = require('./http');
const { CLOSE, closeBody, encode } = require('./frames');

const HEADER = 14;

const [port, size, count] = process.argv.slice(2, 5).map(Number);
const ca = process.argv[5];
const target = { port, host: '127.0.0.1' };
const socket = ca ? tls.connect({ ...target, ca }) : net.connect(target);

socket.once('data', flood);
socket.on('error', () => process.exit(1));
socket.on('close', () => process.exit());
socket.write(handshake());

async function flood() {
  socket.resume();
  for (let i = 0; i < count; i++) {
    if (!socket.write(frame(i))) await new Promise((resolve) => socket.once('drain', resolve));
    process.send?.(i + 1);
  }
  socket.end(encode({ opcode: CLOSE, payload: closeBody(1000, 'all sent'), masked: true }));
}

/** Encodes a frame with a masking key of zeros, which changes nothing and costs almost no time. */
function frame(number) {
  const bytes = Buffer.alloc(HEADER + size);
  bytes[0] = 0x82;
  bytes[1] = 0xff;
  bytes.writeBigUInt64BE(BigInt(size), 2);
  bytes.writeUInt32BE(number, HEADER);
  return bytes;
}
