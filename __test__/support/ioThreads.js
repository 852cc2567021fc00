'use strict';

const fs = require('node:fs');

/**
 * The names of a process's I/O threads, from Linux's list of its threads.
 *
 * @param {number | 'self'} pid
 * @returns {string[]} sorted
 */
function ioThreads(pid) {
  const tasks = `/proc/${pid}/task`;
  return fs
    .readdirSync(tasks)
    .map((id) => nameOf(`${tasks}/${id}`))
    .filter((name) => name.startsWith('websocket-io-'))
    .sort();
}

/** Returns '' for a thread that has ended since it was listed, as some of Node's own do. */
function nameOf(task) {
  try {
    return fs.readFileSync(`${task}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}

module.exports = ioThreads;
