'use strict';

/** A message, as the HTML standard's MessageEvent has it. */
class MessageEvent extends Event {
  #data;
  #origin;

  /**
   * @param {string | ArrayBuffer | Blob} data
   * @param {string} origin of the server, such as `ws://example.com:8080`
   */
  constructor(data, origin) {
    super('message');
    this.#data = data;
    this.#origin = origin;
  }

  get data() {
    return this.#data;
  }

  get origin() {
    return this.#origin;
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
class CloseEvent extends Event {
  #code;
  #reason;
  #wasClean;

  /**
   * @param {number} code
   * @param {string} reason
   * @param {boolean} wasClean whether a close frame went either way
   */
  constructor(code, reason, wasClean) {
    super('close');
    this.#code = code;
    this.#reason = reason;
    this.#wasClean = wasClean;
  }

  get code() {
    return this.#code;
  }

  get reason() {
    return this.#reason;
  }

  get wasClean() {
    return this.#wasClean;
  }
}

/** A failure. A browser tells a page no more than that; here it says what happened. */
class ErrorEvent extends Event {
  #error;

  /** @param {Error} error */
  constructor(error) {
    super('error');
    this.#error = error;
  }

  get error() {
    return this.#error;
  }

  get message() {
    return this.#error.message;
  }

  /** With it, handlers that are typed for an Error, as @types/websocket has it, find one. */
  get name() {
    return this.#error.name;
  }
}

module.exports = { CloseEvent, ErrorEvent, MessageEvent };
