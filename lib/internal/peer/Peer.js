'use strict';

const { engine } = require('../engine/engine');
const { isPlain } = require('../transport/adoptable');
const { openLink } = require('./options');

/**
 * The functions of a public class that its Peers call: one object for all connections of the class.
 * Each function gets the connection, the Peer's owner, as its first argument. A Peer knows nothing
 * else about its owner.
 *
 * @typedef {object} Hooks
 *
 * Events, in the order in which they arrived:
 * @property {(owner: any, data: string | Buffer | Buffer[], isBinary: boolean) => boolean} message
 *   `data` is an array of fragments where the engine keeps them; returns `false` if nobody listens
 * @property {(owner: any, bits: number, payload: Buffer) => boolean} frame as `message`, where
 *   messages are not assembled; `bits` has the frame's header
 * @property {(owner: any, payload: Buffer) => boolean} ping only while the engine answers none;
 *   returns whether the Peer answers it
 * @property {(owner: any, payload: Buffer) => void} pong
 * @property {(owner: any, code: number | undefined, reason: any) => void} closeRequested the peer
 *   sent a close frame; the owner calls `answerClose()`. In the dialect of npm `ws`, `reason` is a
 *   Buffer instead of a string, and the owner answers by `send(OPCODE_CLOSE, …)`
 * @property {(owner: any) => void} closeReplied the peer has answered our close frame
 * @property {(owner: any, violation: number, argument: any) => void} violation the peer broke the
 *   protocol; `violation` is one of `VIOLATION_…`, and `argument` its detail: a number, words of
 *   zlib or undefined; the owner ends the connection
 * @property {(owner: any) => void} unresponsive the peer did not answer a keepalive ping
 * @property {(owner: any) => void} closeTimedOut the peer did not finish closing in time
 * @property {(owner: any) => void} drain the output is empty again
 * @property {(owner: any, isPaused: boolean) => void} setPaused notes whether the input is paused
 * @property {(owner: any) => void} pause the input was paused
 * @property {(owner: any) => void} resume the input was resumed
 * @property {(owner: any) => void} socketEnd the peer has ended its side of the socket
 * @property {(owner: any, error: any) => void} socketError the socket failed; the owner destroys it
 * @property {(owner: any, hadError: boolean) => void} socketClose the owner notes that the
 *   connection is over
 * @property {(owner: any) => void} close follows `socketClose` when everything is released
 *
 * Functions that the application may replace:
 * @property {(owner: any, event: string) => ((argument?: any) => void) | undefined} listener the
 *   function that replaces the Peer's listener for an event of the socket
 * @property {(owner: any) => void} deliverQueue calls `deliverQueue()`, which the application may
 *   prevent
 * @property {(owner: any) => void} drainDue the output is empty, but the socket emits no 'drain'
 *   for it: calls the listener for that event
 * @property {(owner: any) => boolean} replacesPings whether the owner itself sends keepalive pings
 * @property {(owner: any) => void} keepalive a keepalive ping is due; the owner sends it
 * @property {(owner: any) => boolean} replacesPongs whether the owner itself answers pings
 * @property {(owner: any, payload: Buffer) => void} answerPing the owner itself answers a ping
 *
 * Rules of the API:
 * @property {boolean} readsAhead whether input is still read for a while when the application has
 *   paused, as a stream does: so the end of the connection is noticed
 * @property {boolean} hearsRest whether what had arrived is still delivered after somebody has
 *   destroyed the socket
 * @property {(wasDeflating: boolean) => Error} lossError the error for the callback of a message
 *   that never left; `wasDeflating` says that it still waited to be deflated
 *
 * State that only the owner knows:
 * @property {(owner: any) => any} socket what the connection runs over
 * @property {(owner: any) => boolean} isOpen no side has begun to close
 * @property {(owner: any) => boolean} isClosed only the socket's 'close' is still to come
 * @property {(owner: any) => boolean} isPaused the last value of `setPaused`
 * @property {(owner: any) => boolean} missesListeners the owner can't notice new listeners for
 *   'drain'
 */

/**
 * What a Peer reads of its API's options.
 *
 * @typedef {object} PeerConfig
 * @property {string} [transport] 'stream' rules out the native transport
 * @property {number} [highWaterMark] bytes of output from which on sends return `false`; by default
 *   that of the socket
 * @property {boolean} [keepalive] whether keepalive pings are sent
 * @property {boolean} [joinsEvents] whether messages, pings and pongs that arrive together are
 *   delivered without ticks in between
 */

/**
 * One connection over the engine. It moves messages between the engine, the socket and its owner, a
 * connection of a public class. The engine has the protocol and its timers, and on the native
 * transport all I/O.
 */
class Peer {
  /**
   * @param {any} owner
   * @param {Hooks} hooks
   * @param {any} socket
   * @param {PeerConfig} config
   * @param {import('../../../binding').LinkOptions} options the options of the engine's side.
   *   `compression` has what the handshake negotiated; equal agreements share one object
   * @param {import('node:async_hooks').AsyncResource} scope the hooks run in its async context
   * @param {boolean} willStart whether `start()` follows, because this package has done the
   *   handshake
   */
  constructor(owner, hooks, socket, config, options, scope, willStart) {
    // A broadcast reads the first fields of thousands of connections: they share a cache line.
    /**
     * 'native' once the engine has the socket's descriptor.
     *
     * @type {'stream' | 'native'}
     */
    this.transport = 'stream';
    /** The engine's number for the connection; −1 once it is released. */
    this.slot = -1;
    /** The output has reached the high-water mark, and was not empty since. */
    this.outputFull = false;
    this.owner = owner;
    this.hooks = hooks;
    this.config = config;
    this.scope = scope;
    /** The engine is about to take the descriptor. */
    this.isSettling = false;
    /** Whether it keeps the process alive. */
    this.isReferenced = false;
    /** Bytes that the socket had read and written before the engine took it. */
    this.readBefore = 0;
    this.writtenBefore = 0;

    this.slot = openLink(options);
    if (options.compression) this.compression = options.compression;
    // `start()` chooses the transport. Other connections begin on the stream, because nobody may
    // ever call `start()` for them.
    if (!willStart || !isPlain(socket)) /** @type {any} */ (this).stayOnStream();
  }

  /**
   * Changes limits of an open connection.
   *
   * @param {number} maxMessageSize in bytes
   * @param {number} closeTimeout in milliseconds
   */
  setLimits(maxMessageSize, closeTimeout) {
    if (this.slot !== -1) engine.setLimits(this.slot, maxMessageSize, closeTimeout);
  }

  /** The owner's, because an application may replace it. */
  get socket() {
    return this.hooks.socket(this.owner);
  }
}

/**
 * State that most connections never need; the prototype has the initial values. The first
 * assignment gives a Peer a property of its own, so code assigns only values that differ.
 */
const rare = {
  /** How messages are compressed; null if they are not. */
  compression: null,
  /** Bytes received while the link of a NativeSocket is about to be taken. See adoption.js. */
  held: null,
  heldBytes: 0,
  /** Limits that the application has changed on an open connection. */
  limits: null,
  /** The link counts all bytes of its socket, and not only those of frames. */
  countsSocket: false,
  /** Bytes received and sent, once the link is released. */
  finalCounts: null,
  /** The owner itself answers pings. */
  ownerAnswersPings: false,
  /** Undelivered events. Null if there are none and delivery is not paused. */
  queue: null,
  isDeliveryPaused: false,
  /** Somebody listened for the last message. */
  hasListener: false,
  /**
   * The Peer has paused the socket until the queue is delivered. The application does not notice.
   */
  isThrottled: false,
  /** The Peer itself pauses or resumes the socket. */
  pausesQuietly: false,
  resumesQuietly: false,
  /** Pieces of input that an I/O thread inflates, and calls that wait for them. */
  inflating: 0,
  afterInflated: null,
  /** Callbacks of sends that the engine has, in order; how many are due; how many were called. */
  callbacks: null,
  callbacksDue: 0,
  callbacksCalled: 0,
  /** The turn of the last write on the stream transport. */
  writtenIn: -1,
  /** All earlier output had left before that write. */
  wasEmpty: true,
  isCorked: false,
  corkedBytes: 0,
  /** The position up to which output had left when the stream was destroyed. */
  sentUpTo: Number.POSITIVE_INFINITY,
  watchesDestroy: false,
  watchesProgress: false,
  /** The output was full, and no 'drain' was emitted since. */
  drainOwed: false,
  /** Somebody listens for 'drain', or has asked whether the output is full. */
  drainWanted: false,
  /** On the stream transport, messages wait to be deflated, or are deflated and not yet written. */
  deflates: false,
  /**
   * An application may read `_writableState.length` of the socket. See transport/showWritten.js.
   */
  showsWritten: false,
  isWrittenShown: false,
  nodesLength: null,
  /** A finalizer releases the link if the connection is collected. */
  isForgettable: false,
  /** On the stream transport, Node's timer for the engine's next deadline. */
  timer: null,
  // See closing.js.
  barrier: null,
  outputEnded: false,
  isAbandoned: false,
  dropsRest: false,
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

module.exports = Peer;
