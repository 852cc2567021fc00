'use strict';

/**
 * One call of WebSocketClient's `connect()`, as far as its outcome goes. It may be awaited: it is
 * fulfilled with the connection or rejected with the error of 'connectFailed'. It is no promise until
 * somebody asks, so an application that only listens for events never has an unhandled rejection.
 *
 * @implements {PromiseLike<any>}
 */
class ConnectAttempt {
  #promise;
  #settled = false;
  #outcome;
  #resolve;
  #reject;

  /** Whether there is an outcome; later ones are ignored. */
  get settled() {
    return this.#settled;
  }

  /** @param {any} connection */
  fulfil(connection) {
    this.#settle(() => this.#resolve(connection));
  }

  /** @param {Error} error */
  fail(error) {
    this.#settle(() => this.#reject(error));
  }

  // biome-ignore lint/suspicious/noThenProperty: being awaitable is what it is for
  then(onFulfilled, onRejected) {
    return this.#toPromise().then(onFulfilled, onRejected);
  }

  catch(onRejected) {
    return this.#toPromise().catch(onRejected);
  }

  finally(onFinally) {
    return this.#toPromise().finally(onFinally);
  }

  #toPromise() {
    this.#promise ??= new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#outcome?.();
    });
    return this.#promise;
  }

  #settle(outcome) {
    if (this.#settled) return;
    this.#settled = true;
    this.#outcome = outcome;
    if (this.#promise) outcome();
  }
}

module.exports = ConnectAttempt;
