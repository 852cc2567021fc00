'use strict';

const querystring = require('node:querystring');
const url = require('node:url');

const { isPercentEncoded } = require('../util/percentEncoding');

/** The class of what `url.parse()` returns, which the types know as an interface only. */
const { Url } = /** @type {any} */ (url);

const BEYOND_ASCII = /[\u0080-\uffff]/;

/**
 * The object that `url.parse()` returns: applications of npm `websocket` read its fields. It is
 * made as `url.parse()` itself makes it, without the warning (DEP0169) that Node has printed since
 * version 24 for calls from outside of `node_modules`, such as a clone, a workspace or a bundle.
 * What the warning is about, a host read from a malformed URL, decides nothing on the server; on
 * the client, where it does, the URL is the application's own.
 *
 * @param {string} text
 * @param {boolean} [withQuery] `query` is an object, not a string
 * @returns {any}
 */
function parseLegacyUrl(text, withQuery = false) {
  const parsed = new Url();
  // Node throws and catches an exception for each malformed name and value of a query. Its parser
  // of requests lets no characters beyond ASCII into a URL, and with these it decodes by other
  // rules.
  const cheaply = withQuery && !isPercentEncoded(text) && !BEYOND_ASCII.test(text);
  parsed.parse(text, withQuery && !cheaply);
  if (cheaply) takeQueryApart(parsed);
  return parsed;
}

/** @param {any} parsed by `url.parse()`, whose `query` becomes an object */
function takeQueryApart(parsed) {
  // Node gives '+' to a decoder as '%20', and to its own one as ' '.
  const query = (parsed.query ?? '').replaceAll('+', ' ');
  parsed.query = querystring.parse(query, '&', '=', { decodeURIComponent: decode });
}

/**
 * What `querystring.unescape()` gives.
 *
 * @param {string} text
 */
function decode(text) {
  if (isPercentEncoded(text)) return decodeURIComponent(text);
  return /** @type {any} */ (querystring).unescapeBuffer(text).toString();
}

module.exports = { parseLegacyUrl };
