'use strict';

const { isPlain } = require('../transport/adoptable');
const { removeListeners } = require('../transport/listeners');
const { openLink } = require('./options');

/**
 * What a Peer calls of a public class: one object for all connections of the class. Each function
 * gets the connection, the Peer's owner, as its first argument. A Peer knows nothing else of it.
 *
 * @typedef {object} Hooks
 *
 * Events, in the order in which the peer or the socket brought them:
 * @property {(owner: any, data: string | Buffer, isBinary: boolean) => boolean} message returns
 *   whether the application took it: `false` if nobody listens
 * @property {(owner: any, bits: number, payload: Buffer) => boolean} frame as `message`, where
 *   messages are not assembled; `bits` has the frame's header
 * @property {(owner: any, payload: Buffer) => boolean} ping only where the owner asked for pings;
 *   returns whether it is still to be answered
 * @property {(owner: any, payload: Buffer) => void} pong
 * @property {(owner: any, code: number | undefined, reason: string) => void} closeRequested the
 *   peer sent a close frame; the owner calls `answerClose()`
 * @property {(owner: any) => void} closeReplied the peer has answered our close frame
 * @property {(owner: any, code: number, reason: string) => void} violation of the protocol, for
 *   which the connection is to end
 * @property {(owner: any) => void} unresponsive no answer to a keepalive ping
 * @property {(owner: any) => void} closeTimedOut the peer did not finish closing in time
 * @property {(owner: any) => void} drain the output is empty again
 * @property {(owner: any, isPaused: boolean) => void} setPaused notes whether the input is paused
 * @property {(owner: any) => void} pause the input was paused
 * @property {(owner: any) => void} resume the input was resumed
 * @property {(owner: any) => void} socketEnd the peer has ended its side of the socket
 * @property {(owner: any, error: any) => void} socketError the owner destroys the socket
 * @property {(owner: any, hadError: boolean) => void} socketClose notes that the connection is over
 * @property {(owner: any) => void} close follows `socketClose` when all is released
 *
 * What the application may have replaced:
 * @property {(owner: any, event: string) => ((argument?: any) => void) | undefined} listener what
 *   hears an event of the socket in the place of the Peer
 * @property {(owner: any) => void} drainDue the socket emits no 'drain', but would have to: calls
 *   what hears its drains
 * @property {(owner: any) => boolean} pingsByHand whether the owner itself sends keepalive pings
 * @property {(owner: any) => void} keepalive a keepalive ping is due which the owner sends
 * @property {(owner: any) => boolean} answersByHand whether the owner itself answers pings
 * @property {(owner: any, payload: Buffer) => void} answerPing answers a ping by hand
 *
 * What only the owner knows:
 * @property {(owner: any) => boolean} isOpen no side has begun to close
 * @property {(owner: any) => boolean} isClosed nothing follows but the socket's close
 * @property {(owner: any) => boolean} isPaused what `setPaused` has noted
 * @property {(owner: any) => boolean} missesListeners nobody tells the Peer who listens for drains
 */

/**
 * One connection over the engine. It moves messages between the engine, the socket and its owner, a
 * connection of a public class. The engine decides: the protocol and its timers, and on the native
 * transport all I/O, are there.
 */
class Peer {
  /**
   * @param {any} owner
   * @param {Hooks} hooks
   * @param {any} socket
   * @param {any} config that of WebSocketServer or WebSocketClient
   * @param {boolean} masks whether this is the client (RFC 6455 §5.1)
   * @param {'server' | 'client' | undefined} role of a connection whose handshake this package has
   *   done
   * @param {import('node:async_hooks').AsyncResource} scope in whose async context the hooks are
   *   called
   * @param {any} compression what that handshake has agreed on: an object that equal agreements
   *   share, or nothing
   */
  constructor(owner, hooks, socket, config, masks, role, scope, compression) {
    this.owner = owner;
    this.hooks = hooks;
    this.socket = socket;
    this.config = config;
    this.scope = scope;
    /**
     * 'native' once the engine has the socket's descriptor.
     *
     * @type {'stream' | 'native'}
     */
    this.transport = 'stream';
    /** The engine is about to take the descriptor. */
    this.isSettling = false;
    /** Whether it keeps the process alive. */
    this.isReferenced = false;
    /** The output has reached the high-water mark, and was not empty since. */
    this.outputFull = false;
    /** What the socket had read and written before, on the native transport. */
    this.readBefore = 0;
    this.writtenBefore = 0;

    prepare(socket, config);
    /** The engine's number for the connection; −1 once it is released. */
    this.slot = openLink(socket, masks, config, role, compression ?? null);
    if (compression) this.compression = compression;
    // A handshake of this package hands its connection to the socket's events, and then it will
    // show who keeps the connection and its time.
    if (role === undefined || !isPlain(socket)) /** @type {any} */ (this).stayOnStream();
    // Node's HTTP client listens for errors in a way that makes no sense to users of a connection.
    removeListeners(socket, 'error');
  }
}

/**
 * State that most connections never have. A Peer gets a property of its own when it is first set,
 * which is to be avoided where it has that value already.
 */
const rare = {
  /** How messages are compressed; null if they are not. */
  compression: null,
  /** Limits that the application has changed since. */
  limits: null,
  /** Bytes received and sent, once the engine has let go. */
  finalCounts: null,
  /** The owner answers pings, or hears them first. */
  ownerHearsPings: false,
  /** Events not yet delivered: while delivery is paused, and until all are. */
  queue: null,
  isDeliveryPaused: false,
  /** Somebody listened when the last message came. */
  hasListener: false,
  /** The socket is not read until the queue is delivered; the application hears nothing of that. */
  isThrottled: false,
  /** The Peer itself pauses or resumes the socket. */
  pausesQuietly: false,
  resumesQuietly: false,
  /** Pieces of input that an I/O thread inflates, and what waits for that. */
  inflating: 0,
  afterInflated: null,
  /** Callbacks of sends that the engine has, in order; how many are due; how many were called. */
  callbacks: null,
  callbacksDue: 0,
  callbacksCalled: 0,
  /** The turn of the last write on the stream transport. */
  writtenIn: -1,
  /** All output had left before it. */
  wasEmpty: true,
  isCorked: false,
  corkedBytes: 0,
  /** How far the stream's output had left when it was destroyed. */
  sentUpTo: Number.POSITIVE_INFINITY,
  watchesDestroy: false,
  watchesProgress: false,
  /** The output was full, and no drain was told since. */
  drainOwed: false,
  /** Somebody waits for a drain, or has asked whether there was one. */
  drainWanted: false,
  /** On the stream transport, the engine has messages to deflate, or has done it. */
  deflates: false,
  /** The engine and a finalizer know this as a connection that may be forgotten. */
  isForgettable: false,
  /** On the stream transport, Node's timer for the engine's next deadline. */
  timer: null,
  // See closing.js.
  outputEnded: false,
  isAbandoned: false,
  endWaits: false,
  endsBehindDeflate: false,
  lingers: false,
  restoreResume: null,
};

for (const part of [
  require('./adoption'),
  require('./inbound'),
  require('./queue').methods,
  require('./inflating'),
  require('./outbound'),
  require('./streamOutbound'),
  require('./deflating'),
  require('./sendCallbacks'),
  require('./socketEvents'),
  require('./closing'),
  require('./timers'),
  rare,
]) {
  for (const [name, value] of Object.entries(part)) {
    Object.defineProperty(Peer.prototype, name, { value, writable: true, configurable: true });
  }
}

/**
 * Sets the socket's options. Sockets have these methods; streams of other kinds need not.
 *
 * @param {any} socket
 * @param {any} config
 */
function prepare(socket, config) {
  socket.setNoDelay?.(config.disableNagleAlgorithm);
  socket.setTimeout?.(0);
  if (!config.keepalive || !config.useNativeKeepalive) return;
  if (!('setKeepAlive' in socket)) {
    throw new Error('Unable to use native keepalive: unsupported by this version of Node.');
  }
  socket.setKeepAlive(true, config.keepaliveInterval);
}

module.exports = Peer;
