'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');

const { frame: WebSocketFrame } = require('../..');
const { it, onEachSide, open } = require('../support/connect');
const { gather, record } = require('../support/events');
const { BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, closeBody } = require('../support/frames');

const FRAMES = { assembleFragments: false };

onEachSide('With assembleFragments: false', (side) => {
  it('each frame is an event, and no message is', async (t) => {
    const { connection, peer } = await open(t, { ...side, config: FRAMES });
    const log = record(connection);
    const frames = gather(connection, 'frame', 4);
    peer.send(
      { opcode: TEXT, payload: 'whole' },
      { opcode: BINARY, payload: Buffer.from([1]), fin: false },
      { opcode: CONTINUATION, payload: Buffer.from([2]), fin: false },
      { opcode: CONTINUATION, payload: Buffer.from([3]) },
    );
    const shapes = (await frames).map(({ opcode, fin, binaryPayload }) => [
      opcode,
      fin,
      binaryPayload.toString('latin1'),
    ]);
    assert.deepEqual(shapes, [
      [TEXT, true, 'whole'],
      [BINARY, false, '\x01'],
      [CONTINUATION, false, '\x02'],
      [CONTINUATION, true, '\x03'],
    ]);
    assert.deepEqual(
      log.map(([name]) => name),
      ['frame', 'frame', 'frame', 'frame'],
    );
  });

  it('a frame is a WebSocketFrame with all its fields', async (t) => {
    const { connection, peer } = await open(t, { ...side, config: FRAMES });
    const frames = gather(connection, 'frame', 1);
    peer.text('payload');
    const [frame] = await frames;
    assert.ok(frame instanceof WebSocketFrame);
    assert.deepEqual(
      {
        ...{ fin: frame.fin, opcode: frame.opcode, mask: frame.mask, length: frame.length },
        ...{ rsv1: frame.rsv1, rsv2: frame.rsv2, rsv3: frame.rsv3 },
        ...{ protocolError: frame.protocolError, frameTooLarge: frame.frameTooLarge },
        ...{ closeStatus: frame.closeStatus, binaryPayload: frame.binaryPayload },
        invalidCloseFrameLength: frame.invalidCloseFrameLength,
      },
      {
        ...{ fin: true, opcode: TEXT, mask: side.role === 'server', length: 7 },
        ...{ rsv1: false, rsv2: false, rsv3: false },
        ...{ protocolError: false, frameTooLarge: false },
        ...{ closeStatus: -1, binaryPayload: Buffer.from('payload') },
        invalidCloseFrameLength: false,
      },
    );
  });

  for (const size of [0, 125, 126, 65535, 65536, 1024 * 1024]) {
    it(`a frame of ${size} bytes comes in one piece`, async (t) => {
      const config = { ...FRAMES, maxReceivedFrameSize: 0x200000 };
      const { connection, peer } = await open(t, { ...side, config });
      const frames = gather(connection, 'frame', 1);
      peer.binary(Buffer.alloc(size, 'p'));
      const [frame] = await frames;
      assert.equal(frame.length, size);
      assert.ok(frame.binaryPayload.equals(Buffer.alloc(size, 'p')));
    });
  }

  it('a ping is shown, answered and emitted', async (t) => {
    const { connection, peer } = await open(t, { ...side, config: FRAMES });
    const log = [];
    connection.on('frame', ({ opcode, binaryPayload }) => log.push([opcode, `${binaryPayload}`]));
    peer.ping('unheard');
    assert.equal((await peer.expect(PONG)).payload.toString(), 'unheard');
    connection.on('ping', (_cancel, data) => log.push(['ping', `${data}`]));
    peer.ping('heard');
    assert.equal((await peer.expect(PONG)).payload.toString(), 'heard');
    assert.deepEqual(log, [
      [PING, 'unheard'],
      [PING, 'heard'],
      ['ping', 'heard'],
    ]);
  });

  it('a pong is shown and emitted', async (t) => {
    const { connection, peer } = await open(t, { ...side, config: FRAMES });
    const log = record(connection);
    const pong = once(connection, 'pong');
    peer.pong('here');
    await pong;
    assert.deepEqual(
      log.map(([name, value]) => [name, `${value.binaryPayload ?? value}`]),
      [
        ['frame', 'here'],
        ['pong', 'here'],
      ],
    );
  });

  it('a close frame is shown, with code and reason apart, and obeyed', async (t) => {
    const { connection, peer } = await open(t, { ...side, config: FRAMES });
    const log = [];
    connection.on('frame', ({ opcode, closeStatus, binaryPayload }) =>
      log.push([opcode, closeStatus, `${binaryPayload}`]),
    );
    connection.on('close', (...args) => log.push(['close', ...args]));
    const closed = once(connection, 'close');
    peer.send({ opcode: CLOSE, payload: closeBody(4003, 'enough') });
    assert.equal((await peer.expectClose()).code, 1000);
    peer.end();
    await closed;
    assert.deepEqual(log, [
      [CLOSE, 4003, 'enough'],
      ['close', 4003, 'enough'],
    ]);
  });

  it('text is not checked: a character may go on in the next frame', async (t) => {
    const { connection, peer } = await open(t, { ...side, config: FRAMES });
    const frames = gather(connection, 'frame', 2);
    peer.send(
      { opcode: TEXT, payload: Buffer.from('e282', 'hex'), fin: false },
      { opcode: CONTINUATION, payload: Buffer.from('ac', 'hex') },
    );
    const payloads = (await frames).map(({ binaryPayload }) => binaryPayload);
    assert.equal(Buffer.concat(payloads).toString(), '€');
  });

  it('a message may be longer than maxReceivedMessageSize, because it is not assembled', async (t) => {
    const config = { ...FRAMES, maxReceivedMessageSize: 10 };
    const { connection, peer } = await open(t, { ...side, config });
    const frames = gather(connection, 'frame', 5);
    for (let i = 0; i < 5; i++) {
      peer.send({ opcode: i === 0 ? BINARY : CONTINUATION, fin: i === 4, payload: '0123456789' });
    }
    assert.equal((await frames).length, 5);
    assert.equal(connection.connected, true);
  });

  it('a frame that is too large is still refused', async (t) => {
    const config = { ...FRAMES, maxReceivedFrameSize: 10 };
    const { connection, peer } = await open(t, { ...side, config });
    const log = record(connection);
    peer.send(
      { opcode: BINARY, payload: '0123456789' },
      { opcode: BINARY, payload: '0123456789+' },
    );
    const { code, reason } = await peer.expectClose();
    const words = 'Frame size of 11 bytes exceeds maximum accepted frame size';
    assert.deepEqual([code, reason], [1009, words]);
    assert.deepEqual(
      log.map(([name, value]) => [name, value.length ?? value]),
      [
        ['frame', 10],
        ['close', 1009],
      ],
    );
  });

  it('received frames can be forwarded by sendFrame()', async (t) => {
    const { connection, peer } = await open(t, { ...side, config: FRAMES });
    connection.on('frame', (frame) => connection.sendFrame(frame));
    peer.send(
      { opcode: TEXT, payload: 'to and ', fin: false },
      { opcode: CONTINUATION, payload: 'fro' },
    );
    const first = await peer.next();
    const second = await peer.next();
    assert.deepEqual(
      [first, second].map(({ opcode, fin, masked, payload }) => [
        opcode,
        fin,
        masked,
        `${payload}`,
      ]),
      [
        [TEXT, false, side.role === 'client', 'to and '],
        [CONTINUATION, true, side.role === 'client', 'fro'],
      ],
    );
  });
});
