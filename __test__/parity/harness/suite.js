'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');
const { problems } = require('./compare');
const runner = require('./runner');

/** Runs each job once, when the first test needs it. */
function outcomes() {
  const runs = new Map();
  return (job) => {
    const key = `${job.file} ${job.module} ${job.transport}`;
    if (!runs.has(key)) runs.set(key, runner.runGroup(job));
    return runs.get(key);
  };
}

/** Defines a test for each scenario and transport of an API. */
function defineParity(title, api, groups) {
  const outcomesOf = outcomes();
  for (const group of groups) {
    describe(`${title}: ${group.name}`, () => {
      for (const scenario of group.scenarios) {
        for (const transport of Object.keys(api.transports)) {
          it(`${scenario.name} [${transport}]`, async () => {
            const [upstream, ours] = await Promise.all([
              outcomesOf(runner.upstreamJob(api, group, transport)),
              outcomesOf(runner.ownJob(api, group, transport)),
            ]);
            const { name } = scenario;
            const differs = runner.differencesOn(scenario, transport);
            const found = problems(upstream.get(name), ours.get(name), differs);
            assert.ok(found.length === 0, found.join('\n'));
          });
        }
      }
    });
  }
}

module.exports = { defineParity };
