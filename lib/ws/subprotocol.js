'use strict';

const HeaderReader = require('./HeaderReader');

/**
 * Reads a Sec-WebSocket-Protocol header.
 *
 * @param {string} header
 * @returns {Set<string>} the names of the subprotocols, in their order
 * @throws {SyntaxError}
 */
function parse(header) {
  const reader = new HeaderReader(header);
  const names = new Set();
  for (let separator = ','; separator !== ''; ) {
    const name = reader.readToken();
    separator = reader.readSeparator(',');
    if (names.has(name)) throw new SyntaxError(`The "${name}" subprotocol is duplicated`);
    names.add(name);
  }
  return names;
}

module.exports = { parse };
