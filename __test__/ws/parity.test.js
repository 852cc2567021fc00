'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');
const APIS = require('../parity/harness/apis');
const runner = require('../parity/harness/runner');
const { defineParity } = require('../parity/harness/suite');

const api = APIS.ws;
const groups = runner.loadGroups(api);

defineParity('ws parity', api, groups);

describe('ws parity: declared differences', () => {
  const used = new Set();
  for (const { scenarios } of groups) {
    for (const { differs = [] } of scenarios) for (const { row } of differs) used.add(row);
  }

  for (const name of Object.keys(api.rows)) {
    it(`a scenario shows: ${api.rows[name]}`, () => {
      assert.ok(used.has(name), 'no scenario declares a difference by this row');
    });
  }
});
