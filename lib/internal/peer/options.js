'use strict';

const { calls, engine } = require('../engine/engine');

/**
 * The options last given to the engine, for servers and for clients, and how many there are.
 * Connections of one server have equal options, which the engine then need not read again.
 *
 * @type {{ options: Record<string, any>, count: number }[]}
 */
const latest = [
  { options: {}, count: 0 },
  { options: {}, count: 0 },
];

/**
 * Opens the engine's side of a connection.
 *
 * @param {import('../../../binding').LinkOptions} options
 * @returns {number} its slot
 */
function openLink(options) {
  const place = Number(options.masks);
  if (isSame(options, latest[place])) return calls.openAlike(options.masks);
  const slot = engine.open(options);
  latest[place] = { options, count: Object.keys(options).length };
  return slot;
}

/**
 * @param {Record<string, any>} options
 * @param {{ options: Record<string, any>, count: number }} known perhaps of another API, with other
 *   names
 */
function isSame(options, known) {
  if (options === known.options) return true;
  let count = 0;
  for (const name in options) {
    if (options[name] !== known.options[name]) return false;
    count++;
  }
  return count === known.count;
}

module.exports = { openLink };
