'use strict';

const { STATUS_CODES } = require('node:http');

/**
 * Phrases of npm `websocket` that differ from Node's. They reach applications in the client's
 * `connectFailed` message, which some of them match on.
 *
 * @type {Record<number, string>}
 */
const INHERITED_PHRASES = {
  407: 'Proxy Authorization Required',
  413: 'Request Entity Too Long',
  414: 'Request-URI Too Long',
  416: 'Requested Range Not Satisfiable',
};

/** @param {number} status */
function reasonPhrase(status) {
  return INHERITED_PHRASES[status] ?? STATUS_CODES[status] ?? 'Unknown';
}

/**
 * Text that cannot end its header line. Control characters are dropped. Characters outside Latin-1
 * become '?', because a response head is written with one byte a character: U+010D U+010A would
 * otherwise arrive as CR LF.
 *
 * @param {unknown} value
 */
function headerText(value) {
  return String(value)
    .replace(/[^\t -~\u0080-\uffff]/g, '')
    .replace(/[^\t -\u00ff]/g, '?');
}

/**
 * The lines of application-supplied headers. An array gives one line for each of its elements,
 * which is the only way to set two cookies. Characters that no header name has are dropped from
 * names.
 *
 * @param {Record<string, unknown>} headers
 */
function headerLines(headers) {
  const lines = [];
  for (const [key, value] of Object.entries(headers)) {
    const name = key.replace(/[^!#$%&'*+\-.^_`|~0-9A-Za-z]/g, '');
    if (name === '' || value === undefined || value === null) continue;
    for (const one of Array.isArray(value) ? value : [value]) {
      lines.push(`${name}: ${headerText(one)}`);
    }
  }
  return lines;
}

/**
 * @param {number} status
 * @param {string[]} lines without their line ends
 */
function responseHead(status, lines) {
  return `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n${lines.join('\r\n')}\r\n\r\n`;
}

module.exports = { headerLines, headerText, reasonPhrase, responseHead };
