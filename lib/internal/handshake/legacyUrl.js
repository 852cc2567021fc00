'use strict';

const querystring = require('node:querystring');
const url = require('node:url');

const { isPercentEncoded } = require('../util/percentEncoding');

/** The class of the objects that `url.parse()` returns. The types have only an interface for it. */
const { Url } = /** @type {any} */ (url);

const BEYOND_ASCII = /[\u0080-\uffff]/;

/**
 * The object that `url.parse()` returns, because applications of npm `websocket` read its fields.
 * Since version 24, Node prints a warning (DEP0169) if `url.parse()` is called from outside of
 * `node_modules`, such as from a clone, a workspace or a bundle. So this makes the object in the
 * same way without that call. The warning is about the host of a malformed URL. It decides nothing
 * on a server, and on a client the URL comes from the application.
 *
 * @param {string} text
 * @param {boolean} [withQuery] `query` is an object, not a string
 * @returns {any}
 */
function parseLegacyUrl(text, withQuery = false) {
  const parsed = new Url();
  // Node throws and catches an exception for each malformed name and value of a query, which is
  // slow. Characters beyond ASCII follow other rules, but Node's HTTP parser lets none into a URL.
  const cheaply = withQuery && !isPercentEncoded(text) && !BEYOND_ASCII.test(text);
  parsed.parse(text, withQuery && !cheaply);
  if (cheaply) takeQueryApart(parsed);
  return parsed;
}

/** @param {any} parsed by `url.parse()`, whose `query` becomes an object */
function takeQueryApart(parsed) {
  // Node passes '+' to a custom decoder as '%20', but to its own decoder as ' '.
  const query = (parsed.query ?? '').replaceAll('+', ' ');
  parsed.query = querystring.parse(query, '&', '=', { decodeURIComponent: decode });
}

/**
 * Decodes like `querystring.unescape()`.
 *
 * @param {string} text
 */
function decode(text) {
  if (isPercentEncoded(text)) return decodeURIComponent(text);
  return /** @type {any} */ (querystring).unescapeBuffer(text).toString();
}

module.exports = { parseLegacyUrl };
