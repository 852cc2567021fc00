'use strict';

// Receiver without a connection, against npm `ws`.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const PerMessageDeflate = require('../../lib/ws/PerMessageDeflate');
const Receiver = require('../../lib/ws/Receiver');
const { picker } = require('./support/oracle');
const { ORACLE, OURS, compareReceivers: compare, cut, frame } = require('./support/receiving');

describe('A Receiver', () => {
  const texts = ['', 'a', 'é', '\ufeffx', 'x'.repeat(200), 'é'.repeat(40000)];

  it('emits text as Buffers', async () => {
    for (const text of texts.slice(0, 5)) {
      const log = await compare({}, [frame(0x81, Buffer.from(text), false)]);
      assert.deepEqual(log, [['message', Buffer.from(text).toString('hex'), false]]);
    }
  });

  it('takes lengths that need not be so long', () =>
    compare({}, [
      Buffer.from('827e0001617f', 'hex').subarray(0, 5),
      Buffer.from('827f000000000000000162', 'hex'),
    ]));

  for (const binaryType of ['nodebuffer', 'arraybuffer', 'blob', 'fragments']) {
    it(`emits binary messages as ${binaryType}`, async () => {
      for (const hex of [
        '8203616263',
        '8200',
        '020161000000026263800164',
        '0200000080016b',
        '02008000',
      ]) {
        const [ours, theirs] = await Promise.all(
          [OURS, ORACLE].map(async ({ Receiver }) => {
            const receiver = new Receiver({ binaryType });
            const heard = once(receiver, 'message');
            receiver.end(Buffer.from(hex, 'hex'));
            const [data, isBinary] = await heard;
            const bytes = data instanceof Blob ? await data.arrayBuffer() : data;
            return [data.constructor.name, bytes, isBinary];
          }),
        );
        assert.deepEqual(ours, theirs, hex);
      }
    });
  }

  it('takes another binaryType and another limit while it works', async () => {
    const receiver = new Receiver({ maxPayload: 1 });
    const heard = [];
    receiver.on('message', (data) => heard.push(data));
    receiver.write(Buffer.from('820161', 'hex'));
    receiver._maxPayload = 4;
    receiver._binaryType = 'fragments';
    receiver.write(Buffer.from('0202626380026465', 'hex'));
    receiver._binaryType = 'arraybuffer';
    receiver.write(Buffer.from('820166', 'hex'));
    receiver._maxPayload = 0;
    receiver.end(Buffer.from('8205676768696a', 'hex'));
    await once(receiver, 'close');
    assert.deepEqual(heard, [
      Buffer.from('a'),
      [Buffer.from('bc'), Buffer.from('de')],
      new Uint8Array([0x66]).buffer,
      new Uint8Array([0x67, 0x67, 0x68, 0x69, 0x6a]).buffer,
    ]);
  });

  it('inflates messages, in order with the rest', async () => {
    const sender = new PerMessageDeflate();
    sender.accept([{}]);
    const deflate = (data, fin) =>
      new Promise((resolve) => sender.compress(data, fin, (_error, result) => resolve(result)));
    const masked = (first, payload) => frame(first, payload, true);
    const bytes = Buffer.concat([
      masked(0xc1, await deflate(Buffer.from('hello hello'), true)),
      masked(0x89, Buffer.from('ping')),
      masked(0xc2, await deflate(Buffer.alloc(100000, 'hello'), true)),
      masked(0x41, await deflate(Buffer.from('hel'), false)),
      masked(0x8a, Buffer.from('pong')),
      masked(0x00, Buffer.alloc(0)),
      masked(0x80, await deflate(Buffer.from('lo'), true)),
      masked(0x82, Buffer.from('plain')),
      masked(0x88, Buffer.from([0x03, 0xe8, 0x62, 0x79, 0x65])),
    ]);
    const pick = picker(5);
    for (let i = 0; i < 20; i++) {
      const options = { isServer: true, deflate: {}, allowSynchronousEvents: i % 2 === 0 };
      const log = await compare(options, cut(bytes, pick));
      assert.equal(log.length, 7);
    }
  });

  it('ignores everything behind a close frame', async () => {
    const log = await compare({}, [Buffer.from('8900880203e88101618300', 'hex')]);
    assert.deepEqual(log, [
      ['ping', ''],
      ['conclude', 1000, ''],
    ]);
    assert.deepEqual(await compare({}, [Buffer.from('8800', 'hex')]), [['conclude', 1005, '']]);
  });

  it('takes any text without the check of UTF-8', async () => {
    const bytes = Buffer.from('8101ff880303e8ff', 'hex');
    const log = await compare({ skipUTF8Validation: true }, [bytes]);
    assert.deepEqual(log, [
      ['message', 'ff', false],
      ['conclude', 1000, 'ff'],
    ]);
  });

  it('emits each event in a turn of its own on demand', async () => {
    const turns = [];
    const receiver = new Receiver({ allowSynchronousEvents: false });
    for (const event of ['message', 'ping', 'pong']) {
      receiver.on(event, (data) => {
        turns.push(`${data}`);
        process.nextTick(() => Promise.resolve().then(() => turns.push(`behind ${data}`)));
      });
    }
    receiver.end(Buffer.from('8101318901328a0133820134', 'hex'));
    await once(receiver, 'close');
    const expected = ['1', '2', '3', '4'].flatMap((text) => [text, `behind ${text}`]);
    assert.deepEqual(turns, expected);
  });

  it('goes on behind a listener that throws', async () => {
    const receiver = new Receiver();
    const heard = [];
    const failure = new Error('of the listener');
    receiver.on('message', (data) => {
      heard.push(`${data}`);
      if (heard.length === 1) throw failure;
    });
    assert.throws(() => receiver.write(Buffer.from('810131810132', 'hex')), failure);
    receiver.end(Buffer.from('810133', 'hex'));
    await once(receiver, 'close');
    assert.deepEqual(heard, ['1', '2', '3']);
  });

  it('lets a listener write and destroy', async () => {
    const receiver = new Receiver();
    const heard = [];
    receiver.on('message', (data) => {
      heard.push(`${data}`);
      if (heard.length === 1) receiver.write(Buffer.from('810132', 'hex'));
      else receiver.destroy();
    });
    receiver.write(Buffer.from('810131', 'hex'));
    await once(receiver, 'close');
    assert.deepEqual(heard, ['1', '2']);
  });

  it('does not call a listener for what is still inflated when it is destroyed', async () => {
    const { promise, receiver } = destroyedWhileInflating();
    await promise;
    assert.equal(receiver.destroyed, true);
  });
});

function destroyedWhileInflating() {
  const deflate = new PerMessageDeflate();
  deflate.accept([{}]);
  const receiver = new Receiver({ extensions: { 'permessage-deflate': deflate } });
  receiver.on('message', () => assert.fail('a message'));
  receiver.write(Buffer.from('c1034a0400', 'hex'));
  const promise = once(receiver, 'close');
  receiver.destroy();
  return { promise, receiver };
}
