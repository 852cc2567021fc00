'use strict';

const http = require('node:http');
const https = require('node:https');

const { handshakeKey } = require('../internal/engine/codec');
const { abortHandshake, failHandshake, isAborted } = require('./abort');
const { socketOptions } = require('./options');
const PerMessageDeflate = require('./PerMessageDeflate');
const { keepCredentials, ownHeaders, protectSecrets, redirectOf } = require('./redirects');
const {
  addOrigin,
  addRequest,
  offerDeflate,
  offerProtocols,
  resolveOptions,
} = require('./requestOptions');
const { faultOfExtensions, faultOfUpgrade } = require('./switching');
const { faultOfUrl, parseUrl, readAddress, targetOf } = require('./target');

/** @typedef {import('./switching').Offer} Offer */

/**
 * Starts a client's opening handshake. Invalid arguments throw. Later failures are an 'error' of
 * the WebSocket.
 *
 * @param {any} websocket
 * @param {any} address
 * @param {any[]} protocols
 * @param {any} [options]
 * @returns {any} the options with all defaults
 */
function connect(websocket, address, protocols, options) {
  return new Handshake(websocket, protocols, options).request(address);
}

/** A client's opening handshake: a request, and one more for each redirect. */
class Handshake {
  /**
   * @param {any} websocket
   * @param {any[]} protocols
   * @param {any} options
   */
  constructor(websocket, protocols, options) {
    this.websocket = websocket;
    this.protocols = protocols;
    this.options = options;
    /** @type {import('./target').Target | undefined} */
    this.firstTarget = undefined;
  }

  /**
   * Sends a request.
   *
   * @param {any} address
   * @returns {any} the resolved options
   * @throws {RangeError | SyntaxError}
   */
  request(address) {
    const { websocket, protocols } = this;
    const settings = resolveOptions(this.options);
    const url = readAddress(address);
    websocket._url = url.href;
    const fault = faultOfUrl(url);
    if (fault) return this.refuseUrl(fault);

    const target = targetOf(url);
    const key = handshakeKey();
    addRequest(settings, target, key);
    const deflate = offerDeflate(settings);
    const offer = { key, protocols: offerProtocols(settings, protocols), deflate };
    addOrigin(settings);
    if (settings.followRedirects) this.guardHeaders(settings, target);

    const request = (target.isSecure ? https : http).request(settings);
    websocket._req = request;
    if (settings.followRedirects && websocket._redirects > 0) {
      websocket.emit('redirect', websocket.url, request);
    }
    this.listen(request, settings, offer, address);
    if (settings.finishRequest) settings.finishRequest(request, websocket);
    else request.end();
    return settings;
  }

  /**
   * Decides which of the application's headers this request and later ones carry.
   *
   * @param {any} settings
   * @param {import('./target').Target} target
   */
  guardHeaders(settings, target) {
    if (!this.firstTarget) {
      this.firstTarget = target;
      this.options = ownHeaders(this.options);
    } else if (this.websocket.listenerCount('redirect') === 0) {
      protectSecrets(settings, this.firstTarget, target);
    }
    keepCredentials(this.options, settings.auth);
  }

  /**
   * @param {any} request
   * @param {any} settings
   * @param {Offer} offer
   * @param {any} address the base of a redirect
   */
  listen(request, settings, offer, address) {
    const { websocket } = this;
    // Once it is true, an error of the request no longer fails the handshake.
    let isAnswered = false;
    if (settings.timeout) {
      request.on('timeout', () => {
        abortHandshake(websocket, request, 'Opening handshake has timed out');
      });
    }
    request.on('error', (/** @type {Error} */ error) => {
      if (isAnswered || isAborted(request)) return;
      isAnswered = true;
      websocket._req = null;
      failHandshake(websocket, error);
    });
    request.on('response', (/** @type {any} */ response) => {
      const location = settings.followRedirects ? redirectOf(response) : undefined;
      if (location) {
        this.follow(request, settings, location, address);
      } else if (!websocket.emit('unexpected-response', request, response)) {
        const message = `Unexpected server response: ${response.statusCode}`;
        abortHandshake(websocket, request, message);
      }
    });
    request.on('upgrade', (response, socket, head) => {
      websocket.emit('upgrade', response);
      // A listener may have closed the WebSocket.
      if (websocket.readyState !== websocket.CONNECTING) return;
      isAnswered = true;
      websocket._req = null;
      this.finish(response.headers, socket, head, settings, offer);
    });
  }

  /**
   * Sends the next request.
   *
   * @param {any} request the redirected one
   * @param {any} settings
   * @param {string} location
   * @param {any} address
   */
  follow(request, settings, location, address) {
    const { websocket } = this;
    websocket._redirects += 1;
    if (websocket._redirects > settings.maxRedirects) {
      abortHandshake(websocket, request, 'Maximum redirects exceeded');
      return;
    }
    request.abort();
    let next;
    try {
      next = parseUrl(location, address);
    } catch (error) {
      failHandshake(websocket, error);
      return;
    }
    this.request(next);
  }

  /**
   * Throws for an application's URL. For one of a server, it ends the handshake.
   *
   * @param {SyntaxError} fault
   */
  refuseUrl(fault) {
    const { websocket } = this;
    if (websocket._redirects === 0) throw fault;
    failHandshake(websocket, fault);
  }

  /**
   * Judges the answer 101, and opens the WebSocket.
   *
   * @param {any} headers
   * @param {any} socket
   * @param {Buffer} head
   * @param {any} settings
   * @param {Offer} offer
   */
  finish(headers, socket, head, settings, offer) {
    const { websocket } = this;
    const fault = faultOfUpgrade(headers, offer);
    if (fault) {
      abortHandshake(websocket, socket, fault);
      return;
    }
    const protocol = headers['sec-websocket-protocol'];
    if (protocol) websocket._protocol = protocol;
    const extensions = headers['sec-websocket-extensions'];
    if (extensions !== undefined) {
      const faultOfAnswer = faultOfExtensions(extensions, offer);
      if (faultOfAnswer) {
        abortHandshake(websocket, socket, faultOfAnswer);
        return;
      }
      websocket._extensions[PerMessageDeflate.extensionName] = offer.deflate;
    }
    const { generateMask } = settings;
    websocket.setSocket(socket, head, { ...socketOptions(settings), generateMask });
  }
}

module.exports = { abortHandshake, connect };
