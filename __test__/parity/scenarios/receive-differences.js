'use strict';

const expect = require('../harness/expect');

const { FAREWELL, NORMAL, closed } = expect;

/** The peer does something that only one of the packages refuses. It does not answer a refusal. */
async function disputed(t, act, { client, config } = {}) {
  const quiet = { answersClose: false };
  const { connection, peer } = await (client
    ? t.connected({ config, peer: quiet })
    : t.accepted({ config, dial: quiet }));
  const lane = t.lane();
  await lane.until('resume');
  await act(peer, connection);
  await Promise.race([lane.until('message'), lane.until('close')]);
  if (lane.count('close') === 0) await t.farewell(peer);
  await peer.seen('gone');
}

/** Upstream delivers one message and closes normally. This package drops the connection. */
const refused = (row, message, code, reason, masked = '') => [
  {
    row,
    lane: 'connection',
    upstream: [['message', message], ...NORMAL],
    ours: closed(code, reason),
  },
  {
    row,
    lane: 'peer',
    upstream: [['frame', `close${masked}`, '1000'], ...FAREWELL.slice(1)],
    ours: [['frame', `close${masked}`, `${code} ${reason}`], ...FAREWELL.slice(1)],
  },
];

const text = (utf8Data) => ({ type: 'utf8', utf8Data });

/**
 * The peer begins an invalid frame or message and ends its stream before that is complete. Upstream
 * has not noticed anything by then.
 */
async function begun(t, begin, { config } = {}) {
  const { peer } = await t.accepted({ config, dial: { answersClose: false } });
  await t.lane().until('resume');
  begin(peer);
  peer.end();
  await t.lane().until('close');
  await peer.seen('gone');
}

const refusedEarly = (row, code, reason) => [
  {
    row,
    lane: 'connection',
    upstream: closed(1006, 'Connection dropped by remote peer.'),
    ours: closed(code, reason),
  },
  { row, lane: 'peer', upstream: [], ours: [['frame', 'close', `${code} ${reason}`]] },
];

/** A frame without its last byte. */
const incomplete = (peer, ...frame) => peer.write(peer.frame(...frame).subarray(0, -1));

const NOT_MINIMAL = 'Frame length is not minimally encoded.';

module.exports = [
  {
    name: 'an unmasked frame from a client',
    run: (t) => disputed(t, (peer) => peer.text('bare', { mask: false })),
    differs: refused('masking', text('bare'), 1002, 'Frames from clients must be masked.'),
  },
  {
    name: 'a masked frame from a server',
    run: (t) => disputed(t, (peer) => peer.text('masked', { mask: true }), { client: true }),
    differs: refused(
      'masking',
      text('masked'),
      1002,
      'Frames from servers must not be masked.',
      ', masked',
    ),
  },
  {
    name: 'an unmasked frame from a client, when requireMasking is off',
    run: (t) =>
      disputed(t, (peer) => peer.text('bare', { mask: false }), {
        config: { requireMasking: false },
      }),
  },
  ...[16, 64].map((lengthForm) => ({
    name: `a short length in ${lengthForm} bits`,
    run: (t) => disputed(t, (peer) => peer.text('short', { lengthForm })),
    differs: refused('minimalLengths', text('short'), 1002, NOT_MINIMAL),
  })),
  {
    name: 'a 16-bit length in 64 bits',
    run: (t) => disputed(t, (peer) => peer.text('x'.repeat(200), { lengthForm: 64 })),
    differs: refused('minimalLengths', text('x'.repeat(200)), 1002, NOT_MINIMAL),
  },
  {
    name: 'more empty fragments than any message needs',
    run: (t) =>
      disputed(t, (peer) => {
        const empty = peer.frame('continuation', '', { fin: false });
        const frames = [peer.frame('text', 'start', { fin: false })];
        for (let i = 0; i < 1100; i += 1) frames.push(empty);
        frames.push(peer.frame('continuation', 'end'));
        peer.write(Buffer.concat(frames));
      }),
    differs: refused(
      'emptyFragments',
      text('startend'),
      1008,
      'Too many fragments in one message.',
    ),
  },
  {
    name: 'the header of a fragment that exceeds the message size',
    run: (t) =>
      begun(
        t,
        (peer) => {
          peer.send('binary', Buffer.alloc(60), { fin: false });
          peer.write(peer.frame('continuation', '', { declaredLength: 50 }));
        },
        { config: { maxReceivedMessageSize: 100 } },
      ),
    differs: refusedEarly('earlySizes', 1009, 'Maximum message size exceeded.'),
  },
  {
    name: 'the beginning of a frame with reserved bits',
    run: (t) => begun(t, (peer) => incomplete(peer, 'text', 'x', { rsv: 2 })),
    differs: refusedEarly(
      'earlyViolations',
      1002,
      'Unsupported usage of rsv bits without negotiated extension.',
    ),
  },
  {
    name: 'the beginning of a frame with an unknown opcode',
    run: (t) => begun(t, (peer) => incomplete(peer, 5, 'x')),
    differs: refusedEarly('earlyViolations', 1002, 'Unrecognized Opcode: 0x5'),
  },
  {
    name: 'the beginning of a data frame amid another message',
    run: (t) =>
      begun(t, (peer) => {
        peer.text('start', { fin: false });
        incomplete(peer, 'binary', [1]);
      }),
    differs: refusedEarly(
      'earlyViolations',
      1002,
      'Illegal frame opcode 0x2 received in middle of fragmented message.',
    ),
  },
  {
    name: 'the beginning of a text that is not UTF-8',
    run: (t) => begun(t, (peer) => incomplete(peer, 'text', [0x61, 0xc3, 0x28, 0x61, 0x61])),
    differs: refusedEarly('earlyUtf8', 1007, 'Invalid UTF-8 Data Received'),
  },
  {
    name: 'a first fragment that is not UTF-8',
    run: (t) => begun(t, (peer) => peer.text([0x61, 0xc3, 0x28], { fin: false })),
    differs: refusedEarly('earlyUtf8', 1007, 'Invalid UTF-8 Data Received'),
  },
];
