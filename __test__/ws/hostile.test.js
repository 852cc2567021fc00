'use strict';

// Attacks on a server. Its memory stays bounded, others are served, and its WebSockets end as
// those of npm ws.

const assert = require('node:assert/strict');
const path = require('node:path');
const { describe, it } = require('node:test');

const { ATTACKS, MIB } = require('./hostile/attacks');
const Target = require('./hostile/Target');

const OURS = path.join(__dirname, '..', '..', 'lib', 'ws');
const UPSTREAM = require.resolve('ws');

/** What the attack shows on a server of this module, and the growth of that server's memory. */
async function attack(t, { options = {}, run }, module, extra = {}) {
  const target = await Target.start(t, { module, options: { ...options, ...extra } });
  const seen = await run(target);
  await target.lives();
  return { seen, growth: await target.measure() };
}

/** What the attacks show on npm ws, each once. */
const onUpstream = new Map();

for (const transport of ['native', 'stream']) {
  describe(`An attack on a ws server (${transport})`, () => {
    for (const entry of ATTACKS) {
      it(entry.name, async (t) => {
        const option = transport === 'stream' ? { transport } : {};
        if (!onUpstream.has(entry)) onUpstream.set(entry, attack(t, entry, UPSTREAM));
        const expected = await onUpstream.get(entry);
        const { seen, growth } = await attack(t, entry, OURS, option);
        console.log(
          transport,
          entry.name,
          expected.growth / MIB,
          growth / MIB,
          JSON.stringify(seen).slice(0, 300),
        );
        assert.deepEqual(seen, expected.seen);
        assert.ok(growth < entry.mebibytes * MIB, `${growth / MIB} MiB of memory`);
      });
    }
  });
}
