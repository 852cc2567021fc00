'use strict';

const { STATUS_CODES } = require('node:http');

/**
 * Phrases of npm `websocket` that differ from Node's. The message of the client's 'connectFailed'
 * carries them, and some applications match on it.
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
 * Text that can't end its header line. It loses its control characters. Characters outside Latin-1
 * become '?', because a response head has one byte for each character: U+010D U+010A would arrive
 * as CR LF.
 *
 * @param {unknown} value
 */
function headerText(value) {
  return String(value)
    .replace(/[^\t -~\u0080-\uffff]/g, '')
    .replace(/[^\t -\u00ff]/g, '?');
}

/**
 * The lines of the application's headers. An array gives one line for each element, which is the
 * only way to set two cookies. Names lose the characters that no header name may have.
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
