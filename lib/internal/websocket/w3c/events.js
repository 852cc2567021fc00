'use strict';

const { performance } = require('node:perf_hooks');
const { inspect } = require('node:util');

const AT_TARGET = 2;

/**
 * An event of W3CWebSocket. Its fields are those of the events of 1.0.35: own, writable and
 * enumerable, so that applications can change and copy them. It is an `instanceof Event` without
 * Node's constructor, which has accessors without setters for the same names.
 */
class SocketEvent {
  isTrusted = false;
  /** npm `yaeti` sets the target of events that have this, when an application forwards them. */
  _yaeti = true;
  /** @type {any} */
  target = null;
  cancelable = false;
  timeStamp = performance.now();

  /** @param {string} type */
  constructor(type) {
    this.type = type;
  }

  get currentTarget() {
    return this.target;
  }

  get srcElement() {
    return this.target;
  }

  get eventPhase() {
    return this.target === null ? 0 : AT_TARGET;
  }

  get bubbles() {
    return false;
  }

  get composed() {
    return false;
  }

  get defaultPrevented() {
    return false;
  }

  get returnValue() {
    return true;
  }

  /** It cannot be cancelled. */
  set returnValue(_value) {}

  get cancelBubble() {
    return false;
  }

  /** It has no ancestors to go to. */
  set cancelBubble(_value) {}

  composedPath() {
    return this.target === null ? [] : [this.target];
  }

  initEvent() {}

  preventDefault() {}

  stopPropagation() {}

  stopImmediatePropagation() {}

  [inspect.custom](_depth, options) {
    const { target, stopImmediatePropagation, ...fields } = this;
    return `${this.constructor.name} ${inspect(fields, options)}`;
  }
}

Object.defineProperty(SocketEvent.prototype, 'type', { value: '', writable: true });
Object.setPrototypeOf(SocketEvent.prototype, Event.prototype);

/** A message, as the HTML standard's MessageEvent has it. */
class MessageEvent extends SocketEvent {
  /**
   * @param {string | ArrayBuffer | Blob} data
   * @param {string} origin of the server, such as `ws://example.com:8080`
   */
  constructor(data, origin) {
    super('message');
    this.data = data;
    this.origin = origin;
  }

  get lastEventId() {
    return '';
  }

  get source() {
    return null;
  }

  get ports() {
    return [];
  }
}

/** The end of a connection, as the WebSockets standard's CloseEvent has it. */
class CloseEvent extends SocketEvent {
  /**
   * @param {number} code
   * @param {string} reason
   */
  constructor(code, reason) {
    super('close');
    this.code = code;
    this.reason = reason;
    // As in 1.0.35: applications reconnect unless the close was clean, for instance after 1001.
    this.wasClean = code === 1000;
  }
}

/** A failure. Unlike a browser's, it says what happened. */
class ErrorEvent extends SocketEvent {
  /** @param {Error} error */
  constructor(error) {
    super('error');
    this.error = error;
    this.message = error.message;
    // Handlers that expect an Error, as in @types/websocket, find its fields.
    this.name = error.name;
  }
}

module.exports = { CloseEvent, ErrorEvent, MessageEvent, SocketEvent };
