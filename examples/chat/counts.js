'use strict';

const INTERVAL_MS = 1000;

/** The counters of the page: a snapshot of the WebSocketServer once a second. */
class Counts {
  #server;
  #messages = 0;
  #messagesBefore = 0;
  #measuredAt = performance.now();
  #messagesPerSecond = 0;
  #timer = null;

  constructor(server) {
    this.#server = server;
  }

  messageReceived() {
    this.#messages += 1;
  }

  start(onSnapshot) {
    this.#timer = setInterval(() => {
      this.#measure();
      onSnapshot(this.snapshot());
    }, INTERVAL_MS);
  }

  stop() {
    clearInterval(this.#timer);
  }

  snapshot() {
    const transports = { native: 0, stream: 0 };
    for (const connection of this.#server.connections) {
      transports[connection.transport] += 1;
    }
    return {
      connections: this.#server.connections.length,
      messages: this.#messages,
      messagesPerSecond: this.#messagesPerSecond,
      transports,
    };
  }

  #measure() {
    const now = performance.now();
    const seconds = (now - this.#measuredAt) / 1000;
    this.#messagesPerSecond = Math.round((this.#messages - this.#messagesBefore) / seconds);
    this.#messagesBefore = this.#messages;
    this.#measuredAt = now;
  }
}

module.exports = { Counts };
