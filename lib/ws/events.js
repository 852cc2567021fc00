'use strict';

const kType = Symbol('type');
const kTarget = Symbol('target');
const kData = Symbol('data');
const kCode = Symbol('code');
const kReason = Symbol('reason');
const kWasClean = Symbol('wasClean');
const kError = Symbol('error');
const kMessage = Symbol('message');

/** On a listener of `addEventListener()`: what the application gave. */
const kHandler = Symbol('handler');
/** On such a listener, and in its options: it belongs to an attribute, such as `onmessage`. */
const kIsAttribute = Symbol('isAttribute');

/** What happened to a WebSocket, as the WHATWG's standards have it. */
class Event {
  /** @param {string} type */
  constructor(type) {
    /** @type {any} */
    this[kTarget] = null;
    this[kType] = type;
  }
}

/** The end of a connection. */
class CloseEvent extends Event {
  /**
   * @param {string} type
   * @param {{ code?: number, reason?: string, wasClean?: boolean }} [options]
   */
  constructor(type, { code = 0, reason = '', wasClean = false } = {}) {
    super(type);
    this[kCode] = code;
    this[kReason] = reason;
    this[kWasClean] = wasClean;
  }
}

/** A failure. */
class ErrorEvent extends Event {
  /**
   * @param {string} type
   * @param {{ error?: any, message?: string }} [options]
   */
  constructor(type, { error = null, message = '' } = {}) {
    super(type);
    this[kError] = error;
    this[kMessage] = message;
  }
}

/** A message. */
class MessageEvent extends Event {
  /**
   * @param {string} type
   * @param {{ data?: any }} [options]
   */
  constructor(type, { data = null } = {}) {
    super(type);
    this[kData] = data;
  }
}

addAttributes(Event, { target: kTarget, type: kType });
addAttributes(CloseEvent, { code: kCode, reason: kReason, wasClean: kWasClean });
addAttributes(ErrorEvent, { error: kError, message: kMessage });
addAttributes(MessageEvent, { data: kData });

/**
 * Gives a class of events attributes that can only be read.
 *
 * @param {Function} Class
 * @param {Record<string, symbol>} attributes where each keeps its value
 */
function addAttributes(Class, attributes) {
  for (const [name, key] of Object.entries(attributes)) {
    Object.defineProperty(Class.prototype, name, {
      enumerable: true,
      configurable: true,
      get() {
        return /** @type {any} */ (this)[key];
      },
    });
  }
}

/**
 * Makes the event of each type from the WebSocket and the arguments of the listeners.
 *
 * @type {Record<string, (websocket: any, first: any, second: any) => Event>}
 */
const eventMakers = {
  open: () => new Event('open'),

  error: (_websocket, error) => new ErrorEvent('error', { error, message: error.message }),

  close(websocket, code, reason) {
    const wasClean = websocket._closeFrameReceived && websocket._closeFrameSent;
    return new CloseEvent('close', { code, reason: reason.toString(), wasClean });
  },

  /** Text comes as a Buffer or a string, depending on the other listeners. */
  message: (_websocket, data, isBinary) =>
    new MessageEvent('message', { data: isBinary ? data : data.toString() }),
};

/**
 * `addEventListener()` of a WebSocket, which is an EventEmitter. It does nothing for other types of
 * events, and for a handler that listens already.
 *
 * @this {any}
 * @param {string} type
 * @param {any} handler a function, or an object with `handleEvent()`
 * @param {any} [options] `once` is known
 */
function addEventListener(type, handler, options = {}) {
  const isAttribute = Boolean(options[kIsAttribute]);
  if (!isAttribute && listenerFor(this, type, handler) !== undefined) return;
  if (!Object.hasOwn(eventMakers, type)) return;
  const listener = Object.assign(listenerOf(eventMakers[type], handler), {
    [kHandler]: handler,
    [kIsAttribute]: isAttribute,
  });
  if (options.once) this.once(type, listener);
  else this.on(type, listener);
}

/**
 * @param {(websocket: any, first: any, second: any) => Event} makeEvent
 * @param {any} handler
 * @returns {(this: any, first: any, second: any) => void}
 */
function listenerOf(makeEvent, handler) {
  return function dispatch(first, second) {
    const event = makeEvent(this, first, second);
    event[kTarget] = this;
    if (typeof handler === 'object' && handler.handleEvent) handler.handleEvent(event);
    else handler.call(this, event);
  };
}

/**
 * `removeEventListener()` of a WebSocket.
 *
 * @this {any}
 * @param {string} type
 * @param {any} handler
 */
function removeEventListener(type, handler) {
  const listener = listenerFor(this, type, handler);
  if (listener !== undefined) this.removeListener(type, listener);
}

/**
 * The listener that `addEventListener()` has made for a handler, unless it is that of an attribute.
 *
 * @param {any} websocket
 * @param {string} type
 * @param {any} handler
 */
function listenerFor(websocket, type, handler) {
  return websocket
    .listeners(type)
    .find((listener) => listener[kHandler] === handler && listener[kIsAttribute] === false);
}

/**
 * @param {any} websocket
 * @param {string} type
 * @returns {any} the listener of an attribute, such as `onmessage`
 */
function attributeListener(websocket, type) {
  return websocket.listeners(type).find((listener) => listener[kIsAttribute]);
}

/**
 * Gives the prototype of WebSocket the attributes `onopen`, `onerror`, `onclose` and `onmessage`:
 * each is the function that was assigned to it, or null.
 *
 * @param {object} prototype
 */
function defineHandlers(prototype) {
  for (const type of Object.keys(eventMakers)) {
    Object.defineProperty(prototype, `on${type}`, {
      enumerable: true,
      configurable: true,
      get() {
        return attributeListener(this, type)?.[kHandler] ?? null;
      },
      set(handler) {
        const former = attributeListener(this, type);
        if (former !== undefined) this.removeListener(type, former);
        if (typeof handler !== 'function') return;
        this.addEventListener(type, handler, { [kIsAttribute]: true });
      },
    });
  }
}

/**
 * Whether all listeners for messages take text as a string: `addEventListener()` has made each of
 * them. `false` if there are none.
 *
 * @param {any} websocket
 */
function hearsStrings(websocket) {
  // Every message asks, so this takes no copy of the listeners.
  const { message: listeners } = websocket._events;
  if (listeners === undefined) return false;
  return typeof listeners === 'function' ? takesString(listeners) : listeners.every(takesString);
}

/** @param {any} listener maybe that of `once()`, around another one */
function takesString(listener) {
  return listener[kHandler] !== undefined || listener.listener?.[kHandler] !== undefined;
}

module.exports = {
  CloseEvent,
  ErrorEvent,
  Event,
  MessageEvent,
  addEventListener,
  defineHandlers,
  hearsStrings,
  removeEventListener,
};
