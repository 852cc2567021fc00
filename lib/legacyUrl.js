'use strict';

const url = require('node:url');

/** The class of what `url.parse()` returns, which the types know as an interface only. */
const { Url } = /** @type {any} */ (url);

/**
 * The object that `url.parse()` returns: applications of npm `websocket` read its fields. It is made as
 * `url.parse()` itself makes it, without the warning (DEP0169) that Node has printed since version 24 for
 * calls from outside of `node_modules`, such as a clone, a workspace or a bundle. What the warning is about,
 * a host read from a malformed URL, decides nothing on the server; on the client, where it does, the URL is
 * the application's own.
 *
 * @param {string} text
 * @param {boolean} [withQuery] `query` is an object, not a string
 * @returns {any}
 */
function parseLegacyUrl(text, withQuery = false) {
  const parsed = new Url();
  parsed.parse(text, withQuery);
  return parsed;
}

module.exports = { parseLegacyUrl };
