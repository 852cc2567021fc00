'use strict';

// The suite itself takes minutes and needs Python. These tests show that a changed verdict fails
// it.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');

const { ALL, EVERY_TIME, PMD_FAST, casesIn } = require('./cases');
const expected = require('./expected.json');
const { judge, tableOf } = require('./verdicts');

const EXPECTED = { 1.1: 'OK', 1.2: 'NON-STRICT', 7.1: 'INFORMATIONAL', 9.1: 'OK' };

/** The complaints when these verdicts differ and all others are as expected. */
function complaints(verdicts, want = EXPECTED) {
  return judge({ server: { ...EXPECTED, ...verdicts } }, want, ['1.*', '7.1', '9.*']);
}

describe('Autobahn: judge()', () => {
  it('reports nothing when every verdict is as expected', () => {
    assert.deepEqual(complaints({}), []);
  });

  for (const verdict of [
    'NON-STRICT',
    'INFORMATIONAL',
    'FAILED',
    'UNIMPLEMENTED',
    'OK, close FAILED',
  ]) {
    it(`reports ${verdict} where OK is expected`, () => {
      assert.deepEqual(complaints({ 9.1: verdict }), [
        `server: case 9.1 is ${verdict}, expected is OK`,
      ]);
    });
  }

  it('reports a verdict that is better than expected', () => {
    assert.deepEqual(complaints({ 1.2: 'OK' }), ['server: case 1.2 is OK, expected is NON-STRICT']);
  });

  for (const verdict of ['FAILED', 'UNIMPLEMENTED', 'OK, close WRONG CODE']) {
    it(`reports ${verdict} even where it is expected`, () => {
      assert.deepEqual(complaints({ 9.1: verdict }, { ...EXPECTED, 9.1: verdict }), [
        `server: case 9.1 is ${verdict}`,
      ]);
    });
  }

  it('reports a case without a result, and a result that is not expected', () => {
    assert.deepEqual(complaints({ 9.1: undefined, 9.2: 'OK' }), [
      'server: case 9.1 is no result, expected is OK',
      'server: case 9.2 is OK, expected is nothing',
    ]);
  });

  it('reports each suite separately', () => {
    const results = { server: EXPECTED, client: { ...EXPECTED, 7.1: 'OK' }, other: {} };
    assert.deepEqual(judge(results, EXPECTED, ['7.*']), [
      'client: case 7.1 is OK, expected is INFORMATIONAL',
      'other: case 7.1 is no result, expected is INFORMATIONAL',
    ]);
  });

  it('reports a selection without cases', () => {
    assert.deepEqual(judge({}, EXPECTED, ['8.*']), ['no case was selected']);
  });

  it('finds only acceptable verdicts in expected.json', () => {
    assert.deepEqual(judge({ all: expected }, expected, ['*']), []);
  });
});

describe('Autobahn: the cases', () => {
  it('of pmd-fast are spelled out, and all are expected', () => {
    assert.deepEqual(casesIn('1.*,pmd-fast,13.7.18'), ['1.*', ...PMD_FAST, '13.7.18']);
    assert.equal(new Set(PMD_FAST).size, 96);
    for (const id of PMD_FAST) assert.equal(expected[id], 'OK');
  });

  it('are reported when a run omits them', () => {
    const few = { ...expected };
    for (const id of Object.keys(expected)) if (/^1[23]/.test(id)) delete few[id];
    assert.equal(judge({ all: few }, expected, EVERY_TIME).length, 96);
    assert.equal(judge({ all: few }, expected, ALL).length, 216);
  });
});

describe('Autobahn: the table', () => {
  it('has a line for each suite and group, and counts a bad close as failed', () => {
    const server = { ...EXPECTED, 9.2: 'FAILED', 9.3: 'OK, close UNCLEAN', 12.1: 'UNIMPLEMENTED' };
    const cells = tableOf({ server, client: EXPECTED }).map((line) => line.trim().split(/ +/));
    assert.deepEqual(cells, [
      ['suite', 'group', 'OK', 'NON-STRICT', 'INFORMATIONAL', 'FAILED', 'UNIMPLEMENTED'],
      ['server', '1', '1', '1', '0', '0', '0'],
      ['server', '7', '0', '0', '1', '0', '0'],
      ['server', '9', '1', '0', '0', '2', '0'],
      ['server', '12', '0', '0', '0', '0', '1'],
      ['client', '1', '1', '1', '0', '0', '0'],
      ['client', '7', '0', '0', '1', '0', '0'],
      ['client', '9', '1', '0', '0', '0', '0'],
    ]);
  });
});
