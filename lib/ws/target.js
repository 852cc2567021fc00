'use strict';

const querystring = require('node:querystring');

/** Protocols of URLs that mean the same as those of WebSockets. */
const ALIASES = { 'http:': 'ws:', 'https:': 'wss:' };

/**
 * The URL that a client connects to.
 *
 * @param {any} address a URL or its text; it is never changed
 * @returns {URL}
 * @throws {SyntaxError}
 */
function readAddress(address) {
  const url = address instanceof URL ? address : parseUrl(address);
  const alias = ALIASES[url.protocol];
  if (!alias) return url;
  const copy = new URL(url);
  copy.protocol = alias;
  return copy;
}

/**
 * @param {any} text
 * @param {any} [base]
 * @throws {SyntaxError}
 */
function parseUrl(text, base) {
  try {
    return new URL(text, base);
  } catch {
    throw new SyntaxError(`Invalid URL: ${text}`);
  }
}

/**
 * @param {URL} url
 * @returns {SyntaxError | undefined}
 */
function faultOfUrl({ protocol, pathname, hash }) {
  if (protocol !== 'ws:' && protocol !== 'wss:' && protocol !== 'ws+unix:') {
    return new SyntaxError(
      `The URL's protocol must be one of "ws:", "wss:", "http:", "https:", or "ws+unix:"`,
    );
  }
  if (protocol === 'ws+unix:' && !pathname) return new SyntaxError("The URL's pathname is empty");
  if (hash) return new SyntaxError('The URL contains a fragment identifier');
  return undefined;
}

/**
 * The parts of a URL that the HTTP request needs.
 *
 * @typedef {object} Target
 * @property {boolean} isSecure
 * @property {boolean} isUnix whether it is a Unix domain socket
 * @property {string} place identifies the server: the path of a socket, or the host and the port
 * @property {string} host without the brackets of an IPv6 address
 * @property {string | number} port
 * @property {number} defaultPort
 * @property {string} path of the request
 * @property {string | undefined} socketPath
 * @property {string | undefined} auth
 */

/**
 * @param {URL} url
 * @returns {Target}
 */
function targetOf(url) {
  const isSecure = url.protocol === 'wss:';
  const isUnix = url.protocol === 'ws+unix:';
  const defaultPort = isSecure ? 443 : 80;
  const wholePath = url.pathname + url.search;
  const { socketPath, path } = isUnix ? splitUnixPath(wholePath) : { path: wholePath };
  return {
    isSecure,
    isUnix,
    place: socketPath ?? url.host,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port || defaultPort,
    defaultPort,
    path,
    socketPath,
    auth: credentialsOf(url),
  };
}

/**
 * The path of the socket and that of the request, which a colon separates.
 *
 * @param {string} path
 * @returns {{ socketPath?: string, path: string }}
 */
function splitUnixPath(path) {
  const colon = path.indexOf(':');
  if (colon === -1) return { socketPath: path, path: '' };
  return { socketPath: path.slice(0, colon), path: path.slice(colon + 1) };
}

/** @param {URL} url */
function credentialsOf({ username, password }) {
  if (!username && !password) return undefined;
  // Unlike decodeURIComponent(), it takes malformed sequences.
  return `${querystring.unescape(username)}:${querystring.unescape(password)}`;
}

module.exports = { faultOfUrl, parseUrl, readAddress, targetOf };
