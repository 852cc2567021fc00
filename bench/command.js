'use strict';

const { execFileSync } = require('node:child_process');

/** Raises the limit of open files to the hard limit, which no Node API can do. */
const RAISE = 'ulimit -n "$(ulimit -Hn)"; exec "$@"';

/**
 * The command line that runs `command` with all descriptors it may have, and on `core` if given.
 */
function withAllDescriptors(command, core) {
  const pinned = core === undefined ? command : ['taskset', '-c', String(core), ...command];
  return ['sh', '-c', RAISE, 'sh', ...pinned];
}

function descriptorLimit() {
  const limit = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim();
  return limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit);
}

module.exports = { descriptorLimit, withAllDescriptors };
