'use strict';

const { calls, engine } = require('../engine/engine');

/**
 * The options last given to the engine, for servers and for clients. Connections of one server have
 * equal options, which the engine then need not read again.
 *
 * @type {(import('../../../binding').LinkOptions | undefined)[]}
 */
const latest = [undefined, undefined];

/**
 * Opens the engine's side of a connection.
 *
 * @param {import('../../../binding').LinkOptions} options
 * @returns {number} its slot
 */
function openLink(options) {
  const place = Number(options.masks);
  const known = latest[place];
  if (known !== undefined && isSame(options, known)) return calls.openAlike(options.masks);
  const slot = engine.open(options);
  latest[place] = options;
  return slot;
}

/**
 * @param {Record<string, any>} options
 * @param {Record<string, any>} others perhaps of another API, with other names
 */
function isSame(options, others) {
  return options === others || (agrees(options, others) && agrees(others, options));
}

/**
 * @param {Record<string, any>} options
 * @param {Record<string, any>} others
 * @returns {boolean} whether `others` has every option with the same value
 */
function agrees(options, others) {
  for (const name in options) {
    if (options[name] !== others[name]) return false;
  }
  return true;
}

module.exports = { openLink };
