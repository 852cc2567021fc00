'use strict';

const HeaderReader = require('./HeaderReader');

/**
 * The parameters of one offer of an extension, each with all of its values. `true` is the value of
 * a parameter without one.
 *
 * @typedef {Record<string, (string | true)[]>} Parameters
 */

/**
 * Reads a Sec-WebSocket-Extensions header.
 *
 * @param {string} header
 * @returns {Record<string, Parameters[]>} the offers of each extension
 * @throws {SyntaxError}
 */
function parse(header) {
  const reader = new HeaderReader(header);
  const extensions = Object.create(null);
  for (let separator = ','; separator !== ''; ) {
    const name = reader.readToken();
    const parameters = Object.create(null);
    separator = reader.readSeparator(';,');
    while (separator === ';') {
      const parameter = reader.readToken();
      const value = reader.skip('=') ? reader.readValue() : true;
      separator = reader.readSeparator(';,');
      append(parameters, parameter, value);
    }
    append(extensions, name, parameters);
  }
  return extensions;
}

/**
 * @param {Record<string, any[]>} lists
 * @param {string} name
 * @param {any} member
 */
function append(lists, name, member) {
  lists[name] ??= [];
  lists[name].push(member);
}

/**
 * Writes a Sec-WebSocket-Extensions header. A single offer and a single value need no array.
 *
 * @param {Record<string, any>} extensions
 * @returns {string}
 */
function format(extensions) {
  const offers = Object.entries(extensions).flatMap(([name, offers]) =>
    listOf(offers).map((parameters) => [name, ...pairsOf(parameters)].join('; ')),
  );
  return offers.join(', ');
}

/** @param {Record<string, any>} parameters */
function pairsOf(parameters) {
  return Object.entries(parameters).flatMap(([name, values]) =>
    listOf(values).map((value) => (value === true ? name : `${name}=${value}`)),
  );
}

/** @param {any} value */
function listOf(value) {
  return Array.isArray(value) ? value : [value];
}

module.exports = { format, parse };
