'use strict';

const net = require('node:net');
const { Duplex } = require('node:stream');
const tls = require('node:tls');

const { isFakeClock } = require('../engine/clock');
const NativeTlsSocket = require('../transport/NativeTlsSocket');
const noop = require('../util/noop');
const { ClientSocket, kHandshake } = require('./ClientSocket');
const { clientContext } = require('../tls/contexts');
const { debug } = require('../tls/options');
const { isForeign } = require('./foreignServers');
const Handshake = require('./Handshake');

/** A name that the extension for server names can carry, RFC 6066 §3. */
const HOST_NAME =
  /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i;

/**
 * tls.connect(), where the engine does TLS if it can carry out all options. Otherwise it is Node's.
 *
 * @param {any} options
 * @returns {import('node:tls').TLSSocket}
 */
function connect(options) {
  const { context, reason } = reasonHere(options) ?? clientContext(options);
  if (context === undefined) {
    debug('TLS of a client is done by Node: %s', reason);
    return tls.connect(options);
  }
  const all = {
    rejectUnauthorized: !allowsUnauthorized(),
    checkServerIdentity: tls.checkServerIdentity,
    ...options,
  };
  const rejectUnauthorized = all.rejectUnauthorized !== false;
  const { allowHalfOpen, highWaterMark, signal, noDelay, keepAlive, keepAliveInitialDelay } = all;
  /** @type {any} */
  const socket = new net.Socket(
    /** @type {any} */ ({
      allowHalfOpen,
      highWaterMark,
      signal,
      noDelay,
      keepAlive,
      keepAliveInitialDelay,
    }),
  );
  const handshake = new Handshake(socket, all, context);
  socket[kHandshake] = handshake;
  Object.setPrototypeOf(socket, ClientSocket.prototype);
  NativeTlsSocket.prepare(socket, { isServer: false, requestCert: true, rejectUnauthorized });
  if (all.timeout) socket.setTimeout(all.timeout);
  socket.connect(all, () => handshake.start());
  return socket;
}

/** @param {any} options @returns {{ context: undefined, reason: string } | undefined} */
function reasonHere(options) {
  const { servername, transport } = options;
  const reason = (() => {
    if (process.platform === 'win32') return 'Windows';
    if ('bun' in process.versions || 'deno' in process.versions) return 'another runtime';
    if (transport === 'stream') return 'transport';
    if (isFakeClock()) return "a test's clock";
    if (isForeign(options)) return 'nothing in common with the server';
    if (servername && !HOST_NAME.test(servername)) return 'servername';
    if (servername && net.isIP(servername)) return 'servername is an address';
    if ('checkServerIdentity' in options && typeof options.checkServerIdentity !== 'function') {
      return 'checkServerIdentity';
    }
    if ('minDHSize' in options && !(options.minDHSize > 0)) return 'minDHSize';
    return undefined;
  })();
  return reason === undefined ? undefined : { context: undefined, reason };
}

let isWarned = false;

/** Node warns of the variable when its own TLS reads it first. */
function allowsUnauthorized() {
  if (process.env.NODE_TLS_REJECT_UNAUTHORIZED !== '0') return false;
  if (!isWarned) {
    isWarned = true;
    const nowhere = new Duplex({ read: noop, write: noop });
    tls
      .connect({ socket: nowhere, secureContext: tls.createSecureContext({ ca: [] }) })
      .on('error', noop)
      .destroy();
  }
  return true;
}

module.exports = connect;
