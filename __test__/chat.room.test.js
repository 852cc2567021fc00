'use strict';

// What the chat room of `npm start` knows about its visitors, and how many of their messages it
// keeps.

const assert = require('node:assert');
const { once } = require('node:events');
const { after, before, describe, it } = require('node:test');

const { ofType, start, Visitor } = require('./support/chat');
const PATIENCE = require('./support/patience');

const KEY = '0123456789abcdef0123456789abcdef';

describe('the chat room', { timeout: PATIENCE }, () => {
  let server;

  before(async () => {
    server = await start();
  });

  after(async () => {
    server.child.kill('SIGKILL');
    await server.ended;
  });

  it('gives the same key the same id, which does not reveal the key', async (t) => {
    const first = await Visitor.joined(server.url, 'Ada', KEY);
    first.send({ type: 'say', text: 'mine' });
    await first.next(ofType('said'));
    await first.leave();
    const again = await Visitor.joined(server.url, 'Ada', KEY);
    assert.deepStrictEqual(again.welcome.you, first.welcome.you);
    assert.deepStrictEqual(again.welcome.history.at(-1).from, again.welcome.you);
    assert.match(again.welcome.you.id, /^[0-9a-f]{16}$/);
    assert.ok(!KEY.includes(again.welcome.you.id));

    const other = await start(t);
    const elsewhere = await Visitor.joined(other.url, 'Ada', KEY);
    assert.strictEqual(elsewhere.welcome.you.id, first.welcome.you.id);
    assert.notStrictEqual(elsewhere.welcome.room, first.welcome.room);
    await elsewhere.leave();
    await again.leave();
  });

  it('gives each visitor without a usable key a separate id', async () => {
    const ids = new Set();
    const keys = [undefined, undefined, null, '', 7, {}, 'x'.repeat(65), 'x'.repeat(65)];
    for (const key of keys) {
      const visitor = await Visitor.joined(server.url, 'Ada', key);
      ids.add(visitor.welcome.you.id);
      await visitor.leave();
    }
    assert.strictEqual(ids.size, keys.length);
  });

  it('treats two connections with one key as one person, until both are gone', async () => {
    const witness = await Visitor.joined(server.url, 'Witness');
    const old = await Visitor.joined(server.url, 'Twin', KEY);
    const recent = await Visitor.joined(server.url, 'Twin', KEY);
    const names = recent.welcome.people.map((person) => person.name);
    assert.deepStrictEqual(names, ['Witness', 'Twin']);

    await old.leave();
    recent.send({ type: 'name', name: 'Still here' });
    const [joined, renamed] = [
      await witness.next((message) => message.type === 'notice' && /^Twin/.test(message.text)),
      await witness.next(ofType('notice')),
    ];
    assert.strictEqual(joined.text, 'Twin joined');
    assert.strictEqual(renamed.text, 'Twin is now Still here');
    await recent.leave();
    assert.strictEqual((await witness.next(ofType('notice'))).text, 'Still here left');
    await witness.leave();
  });

  it('returns a reference that is a number, and nothing else', async () => {
    const visitor = await Visitor.joined(server.url, 'Ada');
    for (const [ref, returned] of [
      [1234, 1234],
      ['1234', undefined],
      [0.5, undefined],
      [{ a: 1 }, undefined],
    ]) {
      visitor.send({ type: 'say', text: 'numbered', ref });
      assert.strictEqual((await visitor.next(ofType('said'))).ref, returned);
    }
    await visitor.leave();
  });

  it('keeps the last 50 messages, numbered without a gap', async () => {
    const visitor = await Visitor.joined(server.url, 'Ada');
    for (let number = 0; number < 60; number += 1) visitor.send({ type: 'say', text: `${number}` });
    const { id } = await visitor.next((message) => message.text === '59');
    const late = await Visitor.joined(server.url, 'Grace');
    assert.deepStrictEqual(
      late.welcome.history.map((said) => said.id),
      Array.from({ length: 50 }, (_, index) => id - 49 + index),
    );
    await visitor.leave();
    await late.leave();
  });

  it('limits names and texts, and drops invisible ones', async () => {
    const long = 'é'.repeat(40);
    const first = await Visitor.joined(server.url, long);
    const second = await Visitor.joined(server.url, long);
    assert.strictEqual(first.welcome.you.name, 'é'.repeat(32));
    assert.strictEqual(second.welcome.you.name, `${'é'.repeat(30)} 2`);
    second.send({ type: 'say', text: '👩'.repeat(2500) });
    assert.strictEqual((await first.next(ofType('said'))).text, '👩'.repeat(2000));

    // A lone surrogate, also one that results from a cut.
    second.send({ type: 'say', text: `\ud83d!${' '.repeat(7997)}👩` });
    assert.strictEqual((await first.next(ofType('said'))).text, '!');

    // A zero width space, a joiner, and a combining mark without a letter.
    second.send({ type: 'say', text: '\u200b\u200d\u0301' });
    second.send({ type: 'say', text: 'visible' });
    assert.strictEqual((await first.next(ofType('said'))).text, 'visible');
    const unseen = await Visitor.joined(server.url, '\u200b\u200d');
    assert.strictEqual(unseen.welcome.you.name, 'Nobody');
    for (const visitor of [first, second, unseen]) await visitor.leave();
  });

  it('sends nothing to a connection that has not joined', async () => {
    const lurker = new Visitor(server.url, '/chat');
    await once(lurker.socket, 'open');
    const visitor = await Visitor.joined(server.url, 'Ada');
    visitor.send({ type: 'say', text: 'among us' });
    await visitor.next(ofType('said'));
    lurker.send({ type: 'name', name: 'Grace' });
    assert.strictEqual((await lurker.next(() => true)).type, 'welcome');
    await visitor.leave();
    await lurker.leave();
  });
});
