'use strict';

// The negotiation of permessage-deflate (RFC 7692 §7.1), on parsed headers.

const { LEAST_WINDOW_BITS, MOST_WINDOW_BITS } = require('../internal/engine/abi');

const FLAGS = ['server_no_context_takeover', 'client_no_context_takeover'];
const WINDOWS = ['server_max_window_bits', 'client_max_window_bits'];

/**
 * The parameters of an offer or of an answer; `true` has no value.
 *
 * @typedef {object} Parameters
 * @property {true} [server_no_context_takeover]
 * @property {true} [client_no_context_takeover]
 * @property {number} [server_max_window_bits]
 * @property {number | true} [client_max_window_bits]
 */

/**
 * A client's offer.
 *
 * @param {any} options
 * @returns {Parameters}
 */
function offerOf(options) {
  /** @type {Parameters} */
  const offer = {};
  if (options.serverNoContextTakeover) offer.server_no_context_takeover = true;
  if (options.clientNoContextTakeover) offer.client_no_context_takeover = true;
  if (options.serverMaxWindowBits) offer.server_max_window_bits = options.serverMaxWindowBits;
  const clientBits = options.clientMaxWindowBits ?? true;
  if (clientBits) offer.client_max_window_bits = clientBits;
  return offer;
}

/**
 * A server's answer to the first offer that it can accept.
 *
 * @param {Parameters[]} offers
 * @param {any} options
 * @returns {Parameters} that offer, changed
 * @throws {Error} if there is none
 */
function answerTo(offers, options) {
  const answer = offers.find((offer) => isAcceptable(offer, options));
  if (answer === undefined) throw new Error('None of the extension offers can be accepted');
  const { serverMaxWindowBits: serverBits, clientMaxWindowBits: clientBits } = options;
  if (options.serverNoContextTakeover) answer.server_no_context_takeover = true;
  if (options.clientNoContextTakeover) answer.client_no_context_takeover = true;
  if (typeof serverBits === 'number') answer.server_max_window_bits = serverBits;
  if (typeof clientBits === 'number') answer.client_max_window_bits = clientBits;
  else if (answer.client_max_window_bits === true || clientBits === false)
    delete answer.client_max_window_bits;
  return answer;
}

/**
 * @param {Parameters} offer
 * @param {any} options the server's
 */
function isAcceptable(
  offer,
  { serverNoContextTakeover, serverMaxWindowBits, clientMaxWindowBits },
) {
  if (offer.server_no_context_takeover && serverNoContextTakeover === false) return false;
  const serverBits = offer.server_max_window_bits;
  if (serverBits !== undefined) {
    if (serverMaxWindowBits === false) return false;
    if (isNumber(serverMaxWindowBits) && serverMaxWindowBits > serverBits) return false;
  }
  if (!isNumber(clientMaxWindowBits)) return true;
  const clientBits = offer.client_max_window_bits;
  return clientBits === true || (clientBits !== undefined && clientMaxWindowBits <= clientBits);
}

/**
 * What a client concludes from the server's answer.
 *
 * @param {Parameters} answer
 * @param {any} options
 * @returns {Parameters} the answer, changed
 * @throws {Error} if the client can't accept it
 */
function concludeFrom(answer, { clientNoContextTakeover, clientMaxWindowBits }) {
  if (answer.client_no_context_takeover && clientNoContextTakeover === false) {
    throw new Error('Unexpected parameter "client_no_context_takeover"');
  }
  const bits = /** @type {number | undefined} */ (answer.client_max_window_bits);
  if (bits === undefined) {
    // The server allows any window, so the client keeps to its own option.
    if (isNumber(clientMaxWindowBits)) answer.client_max_window_bits = clientMaxWindowBits;
  } else if (
    clientMaxWindowBits === false ||
    (isNumber(clientMaxWindowBits) && bits > clientMaxWindowBits)
  ) {
    throw new Error('Unexpected or invalid parameter "client_max_window_bits"');
  }
  return answer;
}

/**
 * Checks parsed parameters, and replaces the list of values of each by its value.
 *
 * @param {any} parameters
 * @param {boolean} isServer
 * @returns {Parameters} the same object
 * @throws {Error}
 */
function normalize(parameters, isServer) {
  for (const name of Object.keys(parameters)) {
    const values = parameters[name];
    if (values.length > 1) throw new Error(`Parameter "${name}" must have only a single value`);
    parameters[name] = checked(name, values[0], isServer);
  }
  return parameters;
}

/**
 * @param {string} name
 * @param {string | true} value
 * @param {boolean} isServer
 * @returns {number | true}
 * @throws {Error}
 */
function checked(name, value, isServer) {
  if (FLAGS.includes(name)) {
    if (value === true) return true;
  } else if (WINDOWS.includes(name)) {
    // Only a client's offer has it without a value.
    if (value === true && isServer && name === 'client_max_window_bits') return true;
    const bits = Number(value);
    const isInRange = bits >= LEAST_WINDOW_BITS && bits <= MOST_WINDOW_BITS;
    if (Number.isInteger(bits) && isInRange) return bits;
  } else {
    throw new Error(`Unknown parameter "${name}"`);
  }
  throw new TypeError(`Invalid value for parameter "${name}": ${value}`);
}

/**
 * @param {unknown} value
 * @returns {value is number}
 */
function isNumber(value) {
  return typeof value === 'number';
}

module.exports = { answerTo, concludeFrom, normalize, offerOf };
