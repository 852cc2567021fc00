'use strict';

/**
 * A reporter for `node --test --test-name-pattern`. Node up to 21 reports thousands of tests that
 * the pattern leaves out as skipped. This reporter shows only the tests that ran, with their
 * suites, in the format of Node's own `spec` reporter. The process exits with NOTHING_MATCHED if no
 * test ran.
 */

const { Readable } = require('node:stream');
const { spec } = require('node:test/reporters');

const NOTHING_MATCHED = 3;
/** Node's own reason for a skip. */
const LEFT_OUT = 'test name does not match pattern';

module.exports = async function* matching(source) {
  yield* Readable.from(onlyMatching(source)).pipe(new spec());
};
module.exports.NOTHING_MATCHED = NOTHING_MATCHED;

async function* onlyMatching(source) {
  /** Starts of suites and tests that are not printed yet. */
  let pending = [];
  let ran = 0;
  for await (const event of source) {
    const { type, data } = event;
    if (type === 'test:start') {
      pending.push(event);
    } else if (type === 'test:pass' && isEmpty(event, pending.at(-1)?.data)) {
      pending.pop();
    } else if (type === 'test:pass' || type === 'test:fail') {
      if (data.details?.type !== 'suite') ran += 1;
      yield* pending;
      yield event;
      pending = [];
    } else if (type !== 'test:diagnostic' || !/^(suites|tests|skipped) /.test(data.message)) {
      yield event;
    }
  }
  if (ran === 0) process.exitCode = NOTHING_MATCHED;
}

/**
 * Whether this is the end of a test that the pattern leaves out, or of a suite or file of such
 * tests.
 */
function isEmpty({ data }, started) {
  if (started?.name !== data.name || started.nesting !== data.nesting) return false;
  return data.skip === LEFT_OUT || data.details?.type === 'suite' || isFile(data);
}

/** Node reports a file without suites and tests as a test. */
function isFile({ name, nesting }) {
  return nesting === 0 && /\.test\.[cm]?js$/.test(name);
}
