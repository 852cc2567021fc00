'use strict';

/**
 * Milliseconds of CPU time that all threads of this process have spent. Tests use it to limit a
 * cost. Unlike the time of day, it stands still while other processes use the processors.
 */
function cpuTime() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

module.exports = cpuTime;
