'use strict';

const http = require('node:http');
const { debuglog } = require('node:util');

const Secure = require('./Secure');
const { isWatched, listenersOf } = require('./watched');

const debug = debuglog('websocket-native');

/** What the package knows about a server. */
class ServerState {
  /** Node's own listeners for events that come before the first request. */
  nodes = /** @type {Map<string, Function[]>} */ (new Map());
  /** The listeners that are open, or whose last connections are still arriving. */
  listeners = /** @type {Set<import('./Listener')>} */ (new Set());
  /** Gives the current handle back to Node. */
  toNode = /** @type {(() => void) | null} */ (null);
  /** The TLS of the server; null if it speaks none. */
  secure = /** @type {Secure | null} */ (null);
  /** The key by which a handle of Node's knows its owner. */
  ownerKey = /** @type {symbol | undefined} */ (undefined);
  /** The class of requests. */
  IncomingMessage = /** @type {any} */ (http.IncomingMessage);
  /** The default of the function by which Node 24 and later decide whether to upgrade. */
  shouldUpgrade = /** @type {any} */ (null);

  /**
   * @param {any} server before Node's constructor
   * @param {any} inherited the prototype of Node's class
   */
  constructor(server, inherited) {
    this.server = server;
    this.inherited = inherited;
  }

  /**
   * Notes the options and what Node's constructor has done.
   *
   * @param {any} options
   * @param {string[]} events those that come before the first request
   */
  begin(options, events) {
    this.nodes = listenersOf(this.server, events);
    if (events.includes('secureConnection')) this.secure = new Secure(this.server, options ?? {});
    if (options?.IncomingMessage) this.IncomingMessage = options.IncomingMessage;
    if (!options?.shouldUpgradeCallback) this.shouldUpgrade = this.server.shouldUpgradeCallback;
  }

  /** Whether the server emits 'upgrade' for a WebSocket handshake, as far as this is known ahead. */
  takesUpgrades() {
    const { server } = this;
    return (
      server.listenerCount('upgrade') > 0 && server.shouldUpgradeCallback === this.shouldUpgrade
    );
  }

  /** @returns {number} most bytes of a request's head */
  maxHeaderSize() {
    return this.server.maxHeaderSize || http.maxHeaderSize;
  }

  /** Lets Node accept from now on, if somebody watches the connections. */
  noteWatcher() {
    if (this.toNode === null || !isWatched(this.server, this.nodes)) return;
    debug('Node accepts the connections, because the application watches them');
    this.toNode();
  }

  /**
   * Lets Node accept from now on, if the engine can't do a change of the server's TLS.
   *
   * @param {(secure: Secure) => boolean} change
   */
  changeTls(change) {
    const { secure } = this;
    if (secure === null || secure.contexts === null || change(secure)) return;
    secure.contexts = null;
    this.toNode?.();
  }

  noteTimeouts() {
    for (const listener of this.listeners) listener.setTimeouts();
  }
}

module.exports = ServerState;
