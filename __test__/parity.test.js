'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');
const APIS = require('./parity/harness/apis');
const { problems } = require('./parity/harness/compare');
const runner = require('./parity/harness/runner');
const { defineParity } = require('./parity/harness/suite');

const api = APIS.websocket;
const groups = runner.loadGroups(api);

defineParity('parity', api, groups);

describe('parity: declared differences', () => {
  const page = path.join(__dirname, '..', 'docs', 'compatibility.md');
  const text = fs.readFileSync(page, 'utf8').replace(/\s+/g, ' ');
  const used = new Set();
  for (const { scenarios } of groups) {
    for (const { differs = [] } of scenarios) for (const { row } of differs) used.add(row);
  }

  for (const name of Object.keys(api.rows)) {
    it(`${name} is a row of the compatibility page, and a scenario shows it`, () => {
      assert.ok(text.includes(api.rows[name]), `not in docs/compatibility.md: ${api.rows[name]}`);
      assert.ok(used.has(name), 'no scenario declares a difference by this row');
    });
  }
});

describe('parity: the comparison itself', () => {
  const outcome = (...entries) => ({ lanes: { lane: entries } });
  const declared = [{ row: 'row', lane: 'lane', upstream: [['b', 1]], ours: [['b', 2], ['c']] }];

  it('accepts equal traces', () => {
    assert.deepStrictEqual(problems(outcome(['a', { n: 1 }]), outcome(['a', { n: 1 }])), []);
  });

  it('finds a different value, a missing entry and an extra one', () => {
    assert.strictEqual(problems(outcome(['a', 1]), outcome(['a', 2])).length, 1);
    assert.strictEqual(problems(outcome(['a'], ['b']), outcome(['a'])).length, 1);
    assert.strictEqual(problems(outcome(['a']), outcome(['a'], ['b'])).length, 1);
  });

  it('finds a different order, and a lane that only one side has', () => {
    assert.strictEqual(problems(outcome(['a'], ['b']), outcome(['b'], ['a'])).length, 2);
    assert.strictEqual(problems({ lanes: {} }, outcome(['a'])).length, 1);
  });

  it('accepts a declared difference', () => {
    const upstream = outcome(['a'], ['b', 1], ['d']);
    assert.deepStrictEqual(
      problems(upstream, outcome(['a'], ['b', 2], ['c'], ['d']), declared),
      [],
    );
  });

  it('fails when either side of a declared difference changes', () => {
    const ours = outcome(['a'], ['b', 2], ['c']);
    assert.notDeepStrictEqual(problems(outcome(['a'], ['b', 3]), ours, declared), []);
    const upstream = outcome(['a'], ['b', 1]);
    assert.notDeepStrictEqual(problems(upstream, outcome(['a'], ['b', 2]), declared), []);
  });

  it('fails when a declared difference is gone', () => {
    const same = outcome(['a'], ['b', 1]);
    const [problem] = problems(same, same, declared);
    assert.match(problem, /is not there as declared/);
  });

  it('fails when a run failed, even with equal traces', () => {
    const failed = { lanes: {}, failure: { kind: 'hang', message: 'm', waits: ['peer: end × 1'] } };
    assert.match(problems(failed, { lanes: {} }).join(), /upstream: hang: m\n.*peer: end × 1/);
    assert.match(problems({ lanes: {} }, failed).join(), /ours: hang/);
  });
});

describe('parity: faults of a package are found', () => {
  const group = groups.find(({ name }) => name === 'receive');
  const echo = 'an echo: each message is answered in its handler';
  const pings = 'pings are answered with their bytes, without a listener';
  const faulty = (name) => path.join(__dirname, 'parity', 'faulty', `${name}.js`);
  const run = (module, names, watchdog) =>
    runner.runGroup({ file: group.file, names, module, scene: api.scene, watchdog });

  it('one wrong byte on the wire', async () => {
    const [upstream, ours] = await Promise.all([
      run(api.upstream, [echo]),
      run(faulty('liar'), [echo]),
    ]);
    const found = problems(upstream.get(echo), ours.get(echo));
    assert.match(found[0], /lane "peer".*\n {2}upstream \["frame","text","7"\]\n.*"8"/);
  });

  it('a hang, with what it waits for', async () => {
    const ours = await run(faulty('silent'), [echo, pings], 500);
    for (const name of [echo, pings]) {
      assert.strictEqual(ours.get(name).failure.kind, 'hang');
      assert.match(ours.get(name).failure.waits.join(), /peer: frame/);
    }
  });

  it('the end of its process, and the next scenario runs in another one', async () => {
    const ours = await run(faulty('deadly'), [echo, pings]);
    for (const name of [echo, pings]) {
      assert.strictEqual(ours.get(name).failure.kind, 'crash');
      assert.match(ours.get(name).failure.message, /SIGKILL/);
    }
  });
});
