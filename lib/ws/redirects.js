'use strict';

/**
 * A copy of the application's options whose headers later requests may change. Their names are in
 * lower case, so that each has one place.
 *
 * @param {any} options
 */
function ownHeaders(options) {
  const headers = Object.entries(options?.headers ?? {}).map(([name, value]) => [
    name.toLowerCase(),
    value,
  ]);
  return { ...options, headers: Object.fromEntries(headers) };
}

/**
 * Removes what only the first server may see from a request to another one, or from one that is no
 * longer encrypted.
 *
 * @param {any} settings options of the request
 * @param {import('./target').Target} first
 * @param {import('./target').Target} target
 */
function protectSecrets(settings, first, target) {
  const isSameServer = first.isUnix === target.isUnix && first.place === target.place;
  if (isSameServer && (target.isSecure || !first.isSecure)) return;
  delete settings.headers.authorization;
  delete settings.headers.cookie;
  if (!isSameServer) delete settings.headers.host;
  settings.auth = undefined;
}

/**
 * Keeps the first credentials for all later requests. Those of later URLs do not replace them.
 *
 * @param {{ headers: Record<string, any> }} options
 * @param {string | undefined} auth
 */
function keepCredentials({ headers }, auth) {
  if (!auth || headers.authorization) return;
  headers.authorization = `Basic ${Buffer.from(auth).toString('base64')}`;
}

/**
 * @param {import('node:http').IncomingMessage} response
 * @returns {string | undefined} where it redirects to
 */
function redirectOf({ headers, statusCode = 0 }) {
  return statusCode >= 300 && statusCode < 400 ? headers.location : undefined;
}

module.exports = { keepCredentials, ownHeaders, protectSecrets, redirectOf };
