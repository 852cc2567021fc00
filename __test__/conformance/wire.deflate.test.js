'use strict';

// The examples of RFC 7692 §7.2.3, byte by byte.

const assert = require('node:assert/strict');

const { it, onEachSide } = require('../support/connect');
const { Codec, headerFor } = require('../support/deflate');
const { openWire } = require('./wire');

const CLOSE = '8802 03e8';

/** Received frames and the text that they hold. */
const EXAMPLES = {
  '§7.2.3.1: one compressed block': [['c107 f248cdc9c90700'], ['Hello']],
  '§7.2.3.1: in two fragments': [['4103 f248cd', '8004 c9c90700'], ['Hello']],
  '§7.2.3.2: sharing the window': [
    ['c107 f248cdc9c90700', 'c105 f200110000'],
    ['Hello', 'Hello'],
  ],
  '§7.2.3.2: what is not compressed does not touch it': [
    ['c107 f248cdc9c90700', '8105 776f726c64', 'c105 f200110000'],
    ['Hello', 'world', 'Hello'],
  ],
  '§7.2.3.3: a block without compression': [['c10b 000500faff48656c6c6f00'], ['Hello']],
  '§7.2.3.4: a final block': [['c108 f348cdc9c9070000'], ['Hello']],
  '§7.2.3.5: two blocks': [['c10d f24805000000ffffcac9c90700'], ['Hello']],
  '§7.2.3.6: an empty message': [
    ['c101 00', 'c201 00'],
    ['', ''],
  ],
};

onEachSide('The examples of the RFC', (side) => {
  const setting = {
    ...side,
    extensions: headerFor(side.role),
    config: { perMessageDeflate: { threshold: 0 } },
  };

  for (const [what, [frames, expected]] of Object.entries(EXAMPLES)) {
    it(`are understood: ${what}`, async (t) => {
      const { wire, messages, closed } = await openWire(t, setting);
      wire.send(...frames, CLOSE);
      assert.deepEqual(await wire.rest(), [CLOSE, 'FIN']);
      wire.finish();
      await closed;
      assert.deepEqual(messages, expected);
    });
  }

  it('are sent: §7.2.3.1, and §7.2.3.2 with the window', async (t) => {
    const { connection, wire } = await openWire(t, setting);
    connection.sendUTF('Hello');
    assert.equal(await wire.next(), 'c107 f248cdc9c90700');
    connection.sendUTF('Hello');
    assert.equal(await wire.next(), 'c105 f200110000');
    connection.sendUTF('Hello', { compress: false });
    assert.equal(await wire.next(), '8105 48656c6c6f');
  });

  it('are sent without context takeover: text that would grow is sent uncompressed', async (t) => {
    const extensions = headerFor(side.role, { ours: { forgets: true } });
    const { connection, wire } = await openWire(t, { ...setting, extensions });
    const seen = new Set();
    for (let i = 0; i < 3; i++) {
      connection.sendUTF('Hello');
      assert.equal(await wire.next(), '8105 48656c6c6f');
      connection.sendUTF('HelloHelloHello');
      seen.add(await wire.next());
    }
    const [frame] = seen;
    assert.match(frame, /^c10. /);
    assert.equal(seen.size, 1, 'nothing is left of what was before');
    const payload = Buffer.from(frame.split(' ')[1], 'hex');
    assert.equal(`${new Codec().inflate(payload)}`, 'HelloHelloHello');
  });

  it('are refused when a message refers to data that was never sent', async (t) => {
    const { wire, messages } = await openWire(t, setting);
    wire.send('c105 f200110000');
    const [close, ending] = await wire.rest();
    assert.match(close, /^88.. 03ef/);
    assert.equal(ending, 'FIN');
    assert.deepEqual(messages, []);
  });
});
