'use strict';

const { inspect } = require('node:util');

const { LEAST_WINDOW_BITS, MOST_WINDOW_BITS } = require('../engine/abi');
const codec = require('../engine/codec');

/**
 * The option `perMessageDeflate`, checked and with its defaults. See IPerMessageDeflate in
 * types/config.d.ts.
 *
 * @typedef {object} DeflateOptions
 * @property {boolean} serverNoContextTakeover
 * @property {boolean} clientNoContextTakeover
 * @property {number | undefined} serverMaxWindowBits
 * @property {number | boolean | undefined} clientMaxWindowBits
 * @property {number} threshold
 * @property {number} level
 * @property {number} memLevel
 */

/**
 * The compression that a handshake has agreed on. Frozen, because all connections with the same
 * agreement share it.
 *
 * @typedef {object} Agreement
 * @property {string} response this extension in the server's Sec-WebSocket-Extensions
 * @property {import('../../../index').IExtension[]} extensions the same, parsed
 * @property {Readonly<Required<DeflateOptions>>} deflate the options of the connection
 */

const DEFAULT_THRESHOLD = 1024;
const DEFAULT_LEVEL = -1;
const DEFAULT_MEM_LEVEL = 8;

/** Options that `deflateOptions` has returned. */
const checked = new WeakSet();

/** Agreements by their content: at most a few hundred for each set of options. */
const agreements = new Map();

const DEFAULTS = deflateOptions({});

/**
 * Checks the option. It accepts its own result too.
 *
 * @param {any} given
 * @returns {DeflateOptions | null} null if it is off
 * @throws {TypeError | RangeError}
 */
function deflateOptions(given) {
  if (given === undefined || given === null || given === false) return null;
  if (given === true) return DEFAULTS;
  if (typeof given !== 'object' || Array.isArray(given)) {
    throw new TypeError(
      `perMessageDeflate must be true, false or an object, not ${inspect(given)}.`,
    );
  }
  if (checked.has(given)) return given;
  const bits = [LEAST_WINDOW_BITS, MOST_WINDOW_BITS];
  const options = Object.freeze({
    serverNoContextTakeover: flag(given, 'serverNoContextTakeover'),
    clientNoContextTakeover: flag(given, 'clientNoContextTakeover'),
    serverMaxWindowBits: integer(given, 'serverMaxWindowBits', bits),
    clientMaxWindowBits:
      typeof given.clientMaxWindowBits === 'boolean'
        ? given.clientMaxWindowBits
        : integer(given, 'clientMaxWindowBits', bits),
    threshold: integer(given, 'threshold', [0, 0xffffffff]) ?? DEFAULT_THRESHOLD,
    level: integer(given, 'level', [-1, 9]) ?? DEFAULT_LEVEL,
    memLevel: integer(given, 'memLevel', [1, 9]) ?? DEFAULT_MEM_LEVEL,
  });
  checked.add(options);
  return options;
}

/**
 * @param {any} given
 * @param {string} name
 * @returns {boolean}
 */
function flag(given, name) {
  const value = given[name] ?? false;
  if (typeof value === 'boolean') return value;
  throw new TypeError(`perMessageDeflate.${name} must be a boolean, not ${inspect(value)}.`);
}

/**
 * @param {any} given
 * @param {string} name
 * @param {number[]} range both ends included
 * @returns {number | undefined}
 */
function integer(given, name, [least, most]) {
  const value = given[name] ?? undefined;
  if (value === undefined) return undefined;
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  const Fault = typeof value === 'number' ? RangeError : TypeError;
  throw new Fault(
    `perMessageDeflate.${name} must be an integer from ${least} to ${most}, not ${inspect(value)}.`,
  );
}

/**
 * A client's Sec-WebSocket-Extensions.
 *
 * @param {DeflateOptions} options
 */
function offerDeflate(options) {
  return codec.offerDeflate(options);
}

/**
 * A server's answer to the client's Sec-WebSocket-Extensions.
 *
 * @param {string | undefined} offers
 * @param {DeflateOptions} options
 * @returns {Agreement | null} null if none of them can be accepted
 * @throws {Error} if the header is malformed
 */
function answerDeflate(offers, options) {
  if (!offers) return null;
  let answer;
  try {
    answer = codec.answerDeflate(offers, options);
  } catch {
    throw new Error('Client must provide a well-formed Sec-WebSocket-Extensions header.');
  }
  return answer && agreementOf(answer, options);
}

/**
 * A client's conclusion from the server's Sec-WebSocket-Extensions.
 *
 * @param {string | undefined} response
 * @param {DeflateOptions} options
 * @returns {Agreement | null} null if the server has declined
 * @throws {Error} if the connection has to fail
 */
function concludeDeflate(response, options) {
  if (!response) return null;
  const conclusion = codec.concludeDeflate(response, options);
  return conclusion && agreementOf(conclusion, options);
}

/**
 * @param {import('../../../binding').NegotiatedDeflate} negotiated
 * @param {DeflateOptions} options
 * @returns {Agreement}
 */
function agreementOf(negotiated, { threshold, level, memLevel }) {
  const { response } = negotiated;
  const deflate = Object.freeze({
    serverNoContextTakeover: negotiated.serverNoContextTakeover,
    clientNoContextTakeover: negotiated.clientNoContextTakeover,
    serverMaxWindowBits: negotiated.serverMaxWindowBits,
    clientMaxWindowBits: negotiated.clientMaxWindowBits,
    threshold,
    level,
    memLevel,
  });
  const key = [response, ...Object.values(deflate)].join(',');
  let agreement = agreements.get(key);
  if (agreement === undefined) {
    agreement = Object.freeze({ response, extensions: extensionsIn(response), deflate });
    agreements.set(key, agreement);
  }
  return agreement;
}

/** @param {string} response as the engine spells it */
function extensionsIn(response) {
  const [name, ...rest] = response.split('; ');
  const params = rest.map((parameter) => {
    const [name, value] = parameter.split('=');
    return Object.freeze({ name, value });
  });
  return Object.freeze([Object.freeze({ name, params: Object.freeze(params) })]);
}

/**
 * The extensions of a connection as the text of a header.
 *
 * @param {import('../../../index').IExtension[]} extensions
 */
function extensionsText(extensions) {
  return extensions
    .map(({ name, params = [] }) =>
      [name, ...params.map(({ name, value }) => (value ? `${name}=${value}` : name))].join('; '),
    )
    .join(', ');
}

module.exports = {
  answerDeflate,
  concludeDeflate,
  deflateOptions,
  extensionsText,
  offerDeflate,
};
