'use strict';

const { types } = require('node:util');

const { isPercentEncoded } = require('../util/percentEncoding');

// RFC 6265 §4.1.1: cookie-name is a token. npm `websocket` does not allow '^'.
const ILLEGAL_IN_NAME = /[^!#$%&'*+\-.0-9A-Z_`a-z|~]/;
// RFC 6265 §4.1.1 cookie-octet.
const ILLEGAL_IN_VALUE = /[^!#-+\--:<-[\]-~]/;
const QUOTED = /^"[^"]*"$/;
// Characters that end an attribute, or that a response head in Latin-1 can't carry.
const ILLEGAL_IN_ATTRIBUTE = /[^!-:<-~\u0080-\u00ff]/;
const CONTROLS_SPACE_AND_SEMICOLON = /[^!-:<-\uffff]/g;

/**
 * Parses a Cookie header. A pair without '=' has the value null. A value that is not valid
 * percent-encoding stays as it is, so that it does not cost the request its other cookies.
 *
 * @param {string | undefined} header
 * @returns {{ name: string, value: string | null }[]}
 */
function parseCookies(header) {
  if (!header || typeof header !== 'string') return [];
  return header.split(/[;,] */).map(parsePair);
}

/** @param {string} pair */
function parsePair(pair) {
  const equals = pair.indexOf('=');
  if (equals === -1) return { name: pair, value: null };
  const name = pair.slice(0, equals).trim();
  const raw = pair.slice(equals + 1).trim();
  return { name, value: decode(raw.startsWith('"') ? raw.slice(1, -1) : raw) };
}

/** @param {string} value */
function decode(value) {
  return value.includes('%') && isPercentEncoded(value) ? decodeURIComponent(value) : value;
}

/**
 * The Set-Cookie header lines for a list of cookies.
 *
 * @param {any} cookies
 * @returns {string[]}
 * @throws {Error} if it is no array, a cookie breaks RFC 6265, or two have the same name
 */
function setCookieLines(cookies) {
  if (!Array.isArray(cookies)) {
    throw new Error('Value supplied for "cookies" argument must be an array.');
  }
  const seen = new Set();
  return cookies.map((cookie) => {
    if (!cookie?.name || !cookie.value) {
      throw new Error('Each cookie to set must at least provide a "name" and "value"');
    }
    const name = String(cookie.name).replace(CONTROLS_SPACE_AND_SEMICOLON, '');
    if (seen.has(name)) throw new Error('You may not specify the same cookie name twice.');
    seen.add(name);
    return `Set-Cookie: ${[pairOf(name, cookie.value), ...attributesOf(cookie)].join(';')}`;
  });
}

/**
 * @param {string} name
 * @param {unknown} rawValue
 */
function pairOf(name, rawValue) {
  const value = String(rawValue).replace(CONTROLS_SPACE_AND_SEMICOLON, '');
  refuse(ILLEGAL_IN_NAME.exec(name), 'name');
  refuse(ILLEGAL_IN_VALUE.exec(QUOTED.test(value) ? value.slice(1, -1) : value), 'value');
  return `${name}=${value}`;
}

/** @param {any} cookie */
function attributesOf(cookie) {
  const attributes = [];
  if (cookie.path) {
    const path = String(cookie.path);
    refuse(ILLEGAL_IN_ATTRIBUTE.exec(path), 'path');
    attributes.push(`Path=${path}`);
  }
  if (cookie.domain) {
    if (typeof cookie.domain !== 'string') {
      throw new Error('Domain must be specified and must be a string.');
    }
    refuse(ILLEGAL_IN_ATTRIBUTE.exec(cookie.domain), 'domain');
    attributes.push(`Domain=${cookie.domain.toLowerCase()}`);
  }
  if (cookie.expires) {
    if (!types.isDate(cookie.expires) || Number.isNaN(cookie.expires.getTime())) {
      // The spelling is npm `websocket`'s, and applications may match on it.
      throw new Error('Value supplied for cookie "expires" must be a vaild date object');
    }
    attributes.push(`Expires=${cookie.expires.toUTCString()}`);
  }
  if (cookie.maxage) attributes.push(`Max-Age=${secondsOf(cookie.maxage)}`);
  if (flag(cookie, 'secure')) attributes.push('Secure');
  if (flag(cookie, 'httponly')) attributes.push('HttpOnly');
  return attributes;
}

/** @param {unknown} maxage */
function secondsOf(maxage) {
  const seconds = typeof maxage === 'string' ? Number.parseInt(maxage, 10) : Number(maxage);
  if (!(seconds > 0 && seconds < Infinity)) {
    throw new Error('Value supplied for cookie "maxage" must be a non-zero number');
  }
  return Math.round(seconds);
}

/**
 * @param {any} cookie
 * @param {'secure' | 'httponly'} name
 */
function flag(cookie, name) {
  if (cookie[name] && typeof cookie[name] !== 'boolean') {
    throw new Error(`Value supplied for cookie "${name}" must be of type boolean`);
  }
  return cookie[name];
}

/**
 * @param {RegExpExecArray | null} found
 * @param {string} place
 */
function refuse(found, place) {
  if (found) throw new Error(`Illegal character ${found[0]} in cookie ${place}`);
}

module.exports = { parseCookies, setCookieLines };
