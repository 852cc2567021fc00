'use strict';

/**
 * Milliseconds of CPU time that this process has spent, on all of its threads. Tests that say how
 * much something may take compare these: unlike the time of day, they do not pass while other
 * processes have the processors.
 */
function cpuTime() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

module.exports = cpuTime;
