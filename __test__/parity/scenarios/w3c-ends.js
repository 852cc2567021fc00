'use strict';

const { closed, deadPort, describeEvent, opened } = require('../harness/w3c');

const hex = (text) => Buffer.from(text, 'hex');

/** The ways in which an open connection is lost, by the peer or in this process. */
const LOSSES = {
  'the peer ends the stream': ({ peer }) => peer.end(),
  'the peer resets it': ({ peer }) => peer.reset(),
  'the peer destroys its socket': ({ peer }) => peer.socket.destroy(),
  'the socket is destroyed here': ({ socket }) => socket._connection.socket.destroy(),
  'the connection is dropped here': ({ socket }) => socket._connection.drop(1002, 'enough'),
  'reserved bits': ({ peer }) => peer.write(hex('c100')),
  'text that is not UTF-8': ({ peer }) => peer.write(hex('8101ff')),
  'a continuation of nothing': ({ peer }) => peer.write(hex('8001ff')),
};

/** Close frames that a peer may send. */
const CODES = [undefined, 1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 3000, 4999];

/** Codes that RFC 6455 §7.4 forbids on the wire, with the reasons that both packages report. */
const INVALID = {
  999: '',
  1004: 'Reserved',
  1005: 'Reason not provided',
  1006: 'Abnormal closure, no further detail available',
  1015: 'TLS Handshake Failed',
  1016: '',
  2999: '',
  5000: '',
};

/** The differences for a close frame with a forbidden code. */
function unsendable(code, reason) {
  return {
    row: 'w3c',
    lane: 'w3c',
    upstream: [['close', code, reason, false, 3]],
    ours: [['close', 1006, reason, false, 3]],
  };
}

const ANSWER_TO_1015 = {
  row: 'reservedCode',
  lane: 'peer',
  upstream: [['frame', 'close, masked', '1000']],
  ours: [['frame', 'close, masked', '1002']],
};

const losses = Object.entries(LOSSES).map(([how, lose]) => ({
  name: `W3C: an open connection is lost: ${how}`,
  async run(t) {
    const both = await opened(t, { peer: { answersClose: false } });
    lose(both);
    await both.lane.until('close');
  },
}));

const codes = CODES.map((code) => ({
  name: `W3C: the peer's close frame has the code ${code}`,
  async run(t) {
    const { peer, lane } = await opened(t);
    peer.close(code);
    await closed(lane, peer);
  },
}));

const invalidCodes = Object.entries(INVALID).map(([code, reason]) => ({
  name: `W3C: the peer's close frame has the invalid code ${code}`,
  async run(t) {
    const { peer, lane } = await opened(t);
    peer.close(Number(code));
    await closed(lane, peer);
  },
  differs: [
    ...(code === '1006' ? [] : [unsendable(Number(code), reason)]),
    ...(code === '1015' ? [ANSWER_TO_1015] : []),
  ],
}));

module.exports = [
  ...losses,
  ...codes,
  ...invalidCodes,
  {
    name: "W3C: the peer's close frame has one byte",
    async run(t) {
      const { peer, lane } = await opened(t);
      peer.send('close', [3]);
      await closed(lane, peer);
    },
    differs: [unsendable(1005, 'Reason not provided')],
  },
  {
    name: 'W3C: the peer answers the close frame with the end of the stream',
    async run(t) {
      const { socket, lane } = await opened(t, { peer: { answersClose: false } });
      socket.close(4000, 'enough');
      await lane.until('close');
    },
  },
  {
    name: 'W3C: a refused connection, whose error handler throws',
    adopts: false,
    async run(t) {
      const port = await deadPort(t);
      const socket = new t.ws.w3cwebsocket(`ws://127.0.0.1:${port}/`);
      const lane = t.lane('w3c');
      socket.onerror = () => {
        throw new Error('from onerror');
      };
      socket.onclose = (event) => lane.add(...describeEvent(event));
      await lane.until('close');
      await t.lane('process').until('uncaught');
    },
  },
];
