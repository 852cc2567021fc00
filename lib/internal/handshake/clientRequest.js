'use strict';

const { offerDeflate } = require('./deflate');
const { namesIn, sentValue } = require('./headers');
const { parseLegacyUrl } = require('./legacyUrl');
const { firstIllegalCharacter, splitList } = require('./tokens');
const extend = require('../util/extend');

/** The URL decides where the request goes, not these of the `tlsOptions`. */
const NOT_FROM_TLS_OPTIONS = new Set(['hostname', 'port', 'method', 'path', 'headers']);
const DEFAULT_PORTS = { 'ws:': '80', 'wss:': '443', 'https:': '443' };

/**
 * @param {any} requestUrl a string, a WHATWG URL, or a parsed legacy URL, which is used unchanged
 * @returns {any} a legacy URL object with its port filled in
 * @throws {Error} if it lacks the protocol or the host
 */
function resolveUrl(requestUrl) {
  const whatwg = requestUrl instanceof URL;
  const target =
    whatwg || typeof requestUrl === 'string' ? parseLegacyUrl(String(requestUrl)) : requestUrl;
  if (!target.protocol) {
    throw new Error('You must specify a full WebSocket URL, including protocol.');
  }
  if (!target.host) {
    throw new Error(
      'You must specify a full WebSocket URL, including hostname. Relative URLs are not supported.',
    );
  }
  if (!target.port) target.port = DEFAULT_PORTS[target.protocol];
  return target;
}

/**
 * @param {unknown} protocols
 * @returns {string[]}
 * @throws {Error} if one of them is no token, RFC 6455 §4.1
 */
function resolveProtocols(protocols) {
  let list = [];
  if (Array.isArray(protocols)) list = protocols;
  else if (typeof protocols === 'string' && protocols !== '') list = [protocols];
  for (const protocol of list) {
    const illegal = firstIllegalCharacter(protocol);
    if (illegal) throw new Error(`Protocol list contains invalid character "${illegal}"`);
  }
  return list;
}

/**
 * The options for http.request. If two sources name the same option, the later of this list wins:
 * the application's request options, the URL, `tlsOptions`. A credential in the URL is the
 * exception: `auth` of the request options wins over it, and so does an Authorization header.
 *
 * @param {{ url: any, secure: boolean, protocols: string[], origin: any, base64nonce: string,
 *   _deflate: any }} target
 * @param {any} config of the client
 * @param {any} headers
 * @param {any} extraOptions
 */
function requestOptionsFor(target, config, headers, extraOptions) {
  const options = { agent: false, auth: target.url.auth ?? undefined };
  extend(options, extraOptions);
  extend(options, {
    hostname: target.url.hostname,
    port: target.url.port,
    method: 'GET',
    path: pathOf(target.url),
    headers: headersFor(target, config, headers),
  });
  if (target.secure) {
    for (const [name, value] of Object.entries(config.tlsOptions)) {
      if (!NOT_FROM_TLS_OPTIONS.has(name)) options[name] = value;
    }
  }
  return options;
}

function headersFor(target, config, headers) {
  // Without a prototype, because the application chooses the keys.
  const all = Object.create(null);
  if (target.secure) extend(all, config.tlsOptions.headers);
  extend(all, headers);
  extend(all, {
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Version': String(config.webSocketVersion),
    'Sec-WebSocket-Key': target.base64nonce,
    Host: all.Host || hostOf(target.url),
  });
  if (target.protocols.length > 0) all['Sec-WebSocket-Protocol'] = target.protocols.join(', ');
  if (target.origin) {
    all[config.webSocketVersion === 8 ? 'Sec-WebSocket-Origin' : 'Origin'] = target.origin;
  }
  if (target._deflate) addOffer(all, offerDeflate(target._deflate));
  return all;
}

/**
 * Puts an offer before those of the application's own header, and removes a permessage-deflate from
 * that: nobody could tell which of the two the server has accepted.
 *
 * @param {Record<string, any>} headers
 * @param {string} offer
 */
function addOffer(headers, offer) {
  const others = splitList(sentValue(headers, 'sec-websocket-extensions')).filter(
    (extension) => !namesIn(extension).includes('permessage-deflate'),
  );
  for (const name of Object.keys(headers)) {
    if (name.toLowerCase() === 'sec-websocket-extensions') delete headers[name];
  }
  headers['Sec-WebSocket-Extensions'] = [offer, ...others].join(', ');
}

function hostOf({ protocol, hostname, port }) {
  const name = hostname.includes(':') && !hostname.startsWith('[') ? `[${hostname}]` : hostname;
  return port && port !== DEFAULT_PORTS[protocol] ? `${name}:${port}` : name;
}

function pathOf({ pathname, path }) {
  if (pathname) return path;
  return path ? `/${path}` : '/';
}

module.exports = { requestOptionsFor, resolveProtocols, resolveUrl };
