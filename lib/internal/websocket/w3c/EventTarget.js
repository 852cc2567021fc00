'use strict';

const noop = require('../../util/noop');

const kListeners = Symbol('listeners');
const kHandlers = Symbol('handlers');

const TYPES = /** @type {const} */ (['open', 'message', 'error', 'close']);

/** The attribute of each event type, so that no name is built for each message. */
const ATTRIBUTES = Object.assign(
  Object.create(null),
  Object.fromEntries(TYPES.map((type) => [type, `on${type}`])),
);

/**
 * Initialises a W3CWebSocket in place of the constructor of Node's EventTarget. That constructor
 * only works on objects that it makes itself, which rules out `W3CWebSocket.call(this, …)`. Its
 * methods refuse proxies, and they turn the rejection of an async listener into an uncaught
 * exception.
 *
 * @param {any} target
 */
function initEventTarget(target) {
  target[kListeners] = noListeners();
  target[kHandlers] = { open: null, message: null, error: null, close: null };
}

function noListeners() {
  return Object.assign(Object.create(null), {
    open: undefined,
    message: undefined,
    error: undefined,
    close: undefined,
  });
}

/**
 * Tests make sockets without the constructor, such as `Object.create(W3CWebSocket.prototype)`.
 *
 * @param {any} target
 */
function listenersOf(target) {
  target[kListeners] ??= noListeners();
  return target[kListeners];
}

/** The methods of EventTarget. They behave as those of npm `yaeti`, which 1.0.35 uses. */
const methods = {
  /**
   * @param {string} type
   * @param {Function | { handleEvent: Function } | null} listener added once, however often it is
   *   given
   * @param {boolean | { once?: boolean, signal?: AbortSignal }} [options] `capture` has no effect,
   *   since a socket has no ancestors
   * @throws {TypeError} if the listener is neither a function nor an object
   */
  addEventListener(type, listener, options) {
    if (!type || !listener) return;
    if (typeof listener !== 'function' && typeof listener !== 'object') {
      throw new TypeError(`A listener is a function or an object, not ${typeof listener}.`);
    }
    const { once = false, signal = undefined } = typeof options === 'object' ? (options ?? {}) : {};
    if (signal?.aborted) return;
    const listeners = listenersOf(this);
    listeners[type] ??= { entries: [], dispatches: 0 };
    const list = listeners[type];
    if (find(list, listener)) return;
    const entry = { callback: listener, once, isRemoved: false, forget: noop };
    list.entries.push(entry);
    if (!signal) return;
    const onAbort = () => removeEntry(listeners, type, entry);
    signal.addEventListener('abort', onAbort, { once: true });
    entry.forget = () => signal.removeEventListener('abort', onAbort);
  },

  /**
   * @param {string} type
   * @param {Function | { handleEvent: Function } | null} listener
   */
  removeEventListener(type, listener) {
    const listeners = listenersOf(this);
    const entry = find(listeners[type], listener);
    if (entry) removeEntry(listeners, type, entry);
  },

  /**
   * Calls the attribute, such as `onmessage`, and then the listeners in their order. If one throws,
   * the caller gets the exception and the others are not called. A listener that is added meanwhile
   * hears the event if there was a listener already.
   *
   * @param {any} event an Event, or any object with a `type`
   * @returns {boolean} whether the event's default action is still wanted
   * @throws {Error} if there is no `type`
   */
  dispatchEvent(event) {
    if (!event || typeof event.type !== 'string') {
      throw new Error('`event` must have a valid `type` property');
    }
    const { type } = event;
    let isStopped = false;
    prepare(event, this, () => {
      isStopped = true;
    });
    const listeners = listenersOf(this);
    const list = listeners[type];
    const handler = this[ATTRIBUTES[type] ?? `on${type}`];
    if (typeof handler === 'function') handler.call(this, event);
    if (list === undefined) return !event.defaultPrevented;
    list.dispatches++;
    try {
      for (let i = 0; i < list.entries.length && !isStopped; i++) {
        const entry = list.entries[i];
        if (entry.isRemoved) continue;
        if (entry.once) removeEntry(listeners, type, entry);
        const { callback } = entry;
        if (typeof callback === 'function') callback.call(this, event);
        else callback.handleEvent(event);
      }
    } finally {
      list.dispatches--;
      tidy(listeners, type);
    }
    return !event.defaultPrevented;
  },
};

/**
 * @param {any} event
 * @param {any} target
 * @param {() => void} stop the function for `stopImmediatePropagation()`
 */
function prepare(event, target, stop) {
  try {
    event.stopImmediatePropagation = stop;
    if (event._yaeti) {
      event.target = target;
    } else if (event instanceof Event) {
      // An Event has accessors for these, and only Node's own dispatchEvent() can set what they
      // return.
      const aim = { value: target, configurable: true };
      Object.defineProperties(event, { target: aim, currentTarget: aim });
    }
  } catch {
    // A frozen object is dispatched as it is.
  }
}

/**
 * @param {any} list
 * @param {any} listener
 */
function find(list, listener) {
  return list?.entries.find(({ callback, isRemoved }) => callback === listener && !isRemoved);
}

/** Removes an entry. A dispatch that is under way skips it, and includes entries that are added. */
function removeEntry(listeners, type, entry) {
  entry.isRemoved = true;
  entry.forget();
  tidy(listeners, type);
}

/** Deletes removed entries, unless a dispatch still uses their indices. */
function tidy(listeners, type) {
  const list = listeners[type];
  if (list === undefined || list.dispatches > 0) return;
  if (!list.entries.some(({ isRemoved }) => isRemoved)) return;
  list.entries = list.entries.filter(({ isRemoved }) => !isRemoved);
  if (list.entries.length === 0) listeners[type] = undefined;
}

/**
 * An object with the attribute of an event type: the function that was assigned to it, or null.
 * Anything else that is assigned counts as null.
 *
 * @param {typeof TYPES[number]} type
 */
function attributeOf(type) {
  const name = ATTRIBUTES[type];
  return {
    get [name]() {
      return this[kHandlers]?.[type] ?? null;
    },
    set [name](handler) {
      if (Object.hasOwn(this, kHandlers)) {
        this[kHandlers][type] = typeof handler === 'function' ? handler : null;
        return;
      }
      // This is a prototype. Code from before ES6 sets the handlers of a subclass there.
      const own = { value: handler, writable: true, enumerable: true, configurable: true };
      Object.defineProperty(this, name, own);
    },
  };
}

/**
 * Gives a class the methods of EventTarget, `instanceof EventTarget`, and the attributes `onopen`,
 * `onmessage`, `onerror` and `onclose`. Its constructor has to call `initEventTarget(this)`.
 *
 * @param {any} Class
 */
function inheritEventTarget(Class) {
  Object.setPrototypeOf(Class, EventTarget);
  Object.setPrototypeOf(Class.prototype, EventTarget.prototype);
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(Class.prototype, name, {
      value,
      writable: true,
      configurable: true,
      enumerable: true,
    });
  }
  for (const type of TYPES) {
    Object.defineProperties(Class.prototype, Object.getOwnPropertyDescriptors(attributeOf(type)));
  }
}

module.exports = { inheritEventTarget, initEventTarget };
