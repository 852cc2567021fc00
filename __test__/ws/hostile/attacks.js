'use strict';

const { constants, deflateRawSync } = require('node:zlib');

const { BINARY, CLOSE, CONTINUATION, PING, TEXT, encode } = require('../../support/frames');

const MIB = 1024 * 1024;
const RSV1 = 4;
const DEFLATE = 'permessage-deflate; client_no_context_takeover';

/** How a WebSocket ended: its error if there is one, and its 'close'. */
async function ending(target, id = 0) {
  const { code, reason } = await target.event('close', id);
  const error = target.count('error') > 0 ? await target.event('error', id) : undefined;
  return { code, reason, error };
}

/** The close frame that the peer gets. Earlier frames do not count. */
async function closeFrame(peer) {
  for (let frame = await peer.next(); frame; frame = await peer.next()) {
    if (frame.opcode === CLOSE) return frame.payload.toString('hex');
  }
  return 'none';
}

/** Sends what must be refused. The peer ends TCP after the close frame. */
async function refused(target, bytesFor, extensions) {
  const peer = await target.attack(extensions);
  peer.write(bytesFor(peer));
  const frame = await closeFrame(peer);
  peer.end();
  return { frame, ...(await ending(target)) };
}

/** DEFLATE data that inflates to so many mebibytes of zeros. */
function bomb(mebibytes) {
  const piece = deflateRawSync(Buffer.alloc(MIB), {
    finishFlush: constants.Z_SYNC_FLUSH,
    level: 9,
  });
  return Buffer.concat(Array(mebibytes).fill(piece)).subarray(0, -4);
}

const pieces = (peer, count) =>
  Buffer.concat([
    peer.frame({ opcode: BINARY, payload: 'a', fin: false }),
    ...Array(count - 1).fill(peer.frame({ opcode: CONTINUATION, payload: 'b', fin: false })),
  ]);

/** Writes for as long as the socket takes it, or until `stop()`. */
async function pour(socket, bytes, stop) {
  let proceed = () => {};
  for (const event of ['drain', 'close', 'error']) socket.on(event, () => proceed());
  while (!stop() && !socket.destroyed) {
    const hasRoom = socket.write(bytes);
    await new Promise((resolve) => {
      proceed = resolve;
      if (hasRoom) setImmediate(resolve);
    });
  }
}

/**
 * Each attack returns what the server's WebSockets and the attackers saw. `options` are the
 * server's, `mebibytes` is how much its memory may grow.
 */
const ATTACKS = [
  {
    name: 'a length above the default of maxPayload',
    mebibytes: 24,
    run: (target) =>
      refused(target, (peer) => peer.frame({ opcode: BINARY, length: 100 * MIB + 1 })),
  },
  ...[2n ** 53n, 2n ** 63n, 2n ** 64n - 1n].map((length) => ({
    name: `a length of ${length}`,
    options: { maxPayload: 0 },
    mebibytes: 24,
    run: (target) => refused(target, (peer) => peer.frame({ opcode: BINARY, length })),
  })),
  {
    name: 'fifty headers of the largest message, and no payloads',
    mebibytes: 48,
    async run(target) {
      const peers = await target.attackers(50);
      for (const peer of peers) peer.write(peer.frame({ opcode: BINARY, length: 100 * MIB }));
      await target.lives();
      for (const peer of peers) peer.end();
      return Promise.all(peers.map((_, id) => ending(target, id)));
    },
  },
  {
    name: 'more fragments than the default of maxFragments',
    mebibytes: 32,
    run: (target) => refused(target, (peer) => pieces(peer, 16385)),
  },
  {
    name: 'many fragments of a byte on twenty connections',
    mebibytes: 96,
    async run(target) {
      const peers = await target.attackers(20);
      for (const peer of peers) peer.write(pieces(peer, 16384));
      await target.lives();
      for (const peer of peers) peer.send({ opcode: PING, payload: 'all read' });
      for (const peer of peers) await peer.next();
      for (const peer of peers) peer.end();
      return Promise.all(peers.map((_, id) => ending(target, id)));
    },
  },
  {
    name: 'pings of a peer that never reads',
    mebibytes: 48,
    async run(target) {
      const peer = await target.attack();
      peer.socket.pause();
      let over = false;
      const ended = ending(target).finally(() => {
        over = true;
      });
      const ping = peer.frame({ opcode: PING, payload: Buffer.alloc(125) });
      // Fewer than maxPendingAutoPongs, so that those of one read are no reason by themselves.
      await pour(peer.socket, Buffer.concat(Array(30).fill(ping)), () => over);
      return ended;
    },
  },
  {
    name: 'a thousand pings in one go',
    mebibytes: 24,
    async run(target) {
      const peer = await target.attack();
      peer.write(Buffer.concat(Array(1000).fill(peer.frame({ opcode: PING, payload: 'p' }))));
      return ending(target);
    },
  },
  ...[1, 10].map((count) => ({
    name: `a megabyte that inflates to a gigabyte, in ${count} frames`,
    options: { perMessageDeflate: true, maxPayload: MIB },
    mebibytes: 64,
    run: (target) =>
      refused(
        target,
        (peer) => {
          const data = bomb(1024);
          const size = Math.ceil(data.length / count);
          const frames = Array.from({ length: count }, (_, i) => ({
            opcode: i === 0 ? BINARY : CONTINUATION,
            rsv: i === 0 ? RSV1 : 0,
            fin: i === count - 1,
            payload: data.subarray(i * size, (i + 1) * size),
          }));
          return Buffer.concat(frames.map((frame) => peer.frame(frame)));
        },
        DEFLATE,
      ),
  })),
  {
    name: 'a bomb that the limit allows',
    options: { perMessageDeflate: true },
    mebibytes: 320,
    async run(target) {
      const peer = await target.attack(DEFLATE);
      peer.send({ opcode: BINARY, rsv: RSV1, payload: bomb(64) });
      const { length } = await target.event('message');
      await target.lives();
      peer.end();
      return { length, ...(await ending(target)) };
    },
  },
  {
    name: 'invalid UTF-8 at the end of a long text',
    mebibytes: 64,
    run: (target) =>
      refused(target, (peer) => {
        const payload = Buffer.alloc(8 * MIB, 0x61);
        payload[payload.length - 1] = 0xff;
        return peer.frame({ opcode: TEXT, payload });
      }),
  },
  {
    name: 'a peer that reads nothing while the application sends, five times',
    mebibytes: 200,
    async run(target) {
      const outcomes = [];
      for (let id = 0; id < 5; id += 1) {
        const peer = await target.attack();
        peer.socket.pause();
        await target.act(id, 'flood', 64, MIB);
        const { amount } = await target.event('buffered');
        await target.lives();
        peer.reset();
        const { failed } = await target.event('flooded');
        const wasBuffered = amount > 32 * MIB && amount <= 65 * MIB;
        outcomes.push({ wasBuffered, someFailed: failed > 0, ...(await ending(target, id)) });
      }
      return outcomes;
    },
  },
  {
    name: 'a flood to a WebSocket that is paused',
    mebibytes: 48,
    async run(target) {
      const peer = await target.attack();
      await target.act(0, 'pause');
      const count = 64;
      const frame = peer.frame({ opcode: BINARY, payload: Buffer.alloc(MIB) });
      const written = Promise.all(
        Array.from(
          { length: count },
          () => new Promise((resolve) => peer.socket.write(frame, resolve)),
        ),
      );
      await target.lives();
      const early = target.count('message');
      const grown = await target.measure();
      await target.act(0, 'resume');
      await written;
      for (let i = 0; i < count; i += 1) await target.event('message');
      peer.end();
      return { early, isBounded: grown < 48 * MIB, ...(await ending(target)) };
    },
  },
  {
    name: 'many empty messages',
    mebibytes: 160,
    async run(target) {
      const peer = await target.attack();
      const count = 20_000;
      peer.write(Buffer.concat(Array(count).fill(peer.frame({ opcode: TEXT }))));
      await target.lives();
      for (let i = 0; i < count; i += 1) await target.event('message');
      peer.end();
      return ending(target);
    },
  },
  {
    name: 'resets in the middle of messages, on a hundred connections',
    mebibytes: 48,
    async run(target) {
      const peers = await target.attackers(100);
      for (const peer of peers) {
        peer.write(encode({ opcode: TEXT, payload: 'half', length: 100, masked: true }));
      }
      await target.lives();
      for (const peer of peers) peer.reset();
      const endings = await Promise.all(peers.map((_, id) => ending(target, id)));
      await target.lives();
      return endings;
    },
  },
  {
    name: 'a peer that never answers a close frame',
    options: { closeTimeout: 100 },
    mebibytes: 24,
    async run(target) {
      const peer = await target.attack();
      await target.act(0, 'close', 4000, 'bye');
      return { frame: await closeFrame(peer), ...(await ending(target)) };
    },
  },
  {
    name: 'a peer that answers a close frame and never ends TCP',
    options: { closeTimeout: 1000 },
    mebibytes: 24,
    async run(target) {
      const peer = await target.attack();
      await target.act(0, 'close', 4000, 'bye');
      const frame = await closeFrame(peer);
      peer.close(4000, 'bye');
      return { frame, ...(await ending(target)) };
    },
  },
  {
    name: 'a peer that ends TCP in the middle of a message and reads on',
    mebibytes: 24,
    async run(target) {
      const peer = await target.attack();
      peer.write(encode({ opcode: TEXT, payload: 'half', length: 100, masked: true }));
      peer.end();
      return ending(target);
    },
  },
  {
    name: 'a violation of a peer that goes on sending and never ends TCP',
    options: { closeTimeout: 200 },
    mebibytes: 48,
    async run(target) {
      const peer = await target.attack();
      let over = false;
      const ended = ending(target).finally(() => {
        over = true;
      });
      peer.send({ opcode: 3, payload: 'bad' });
      await pour(peer.socket, Buffer.alloc(64 * 1024, 1), () => over);
      return ended;
    },
  },
];

module.exports = { ATTACKS, MIB };
