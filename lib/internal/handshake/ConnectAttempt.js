'use strict';

/**
 * One call of WebSocketClient's `connect()`, as far as its outcome goes. It may be awaited: it is
 * fulfilled with the connection or rejected with the error of 'connectFailed'. It is no promise
 * until somebody asks, so an application that only listens for events never has an unhandled
 * rejection.
 *
 * @implements {PromiseLike<any>}
 */
class ConnectAttempt {
  // Underscores and not `#`, as an application may put a proxy around what `connect()` returns.
  /** @type {Promise<any> | undefined} */
  _promise;
  _settled = false;
  /** @type {(() => void) | undefined} */
  _outcome;
  _resolve;
  _reject;

  /** Whether there is an outcome; later ones are ignored. */
  get settled() {
    return this._settled;
  }

  /** @param {any} connection */
  fulfil(connection) {
    this._settle(() => this._resolve(connection));
  }

  /** @param {Error} error */
  fail(error) {
    this._settle(() => this._reject(error));
  }

  // biome-ignore lint/suspicious/noThenProperty: being awaitable is what it is for
  then(onFulfilled, onRejected) {
    return this._toPromise().then(onFulfilled, onRejected);
  }

  catch(onRejected) {
    return this._toPromise().catch(onRejected);
  }

  finally(onFinally) {
    return this._toPromise().finally(onFinally);
  }

  /** @returns {Promise<any>} */
  _toPromise() {
    this._promise ??= new Promise((resolve, reject) => {
      this._resolve = resolve;
      this._reject = reject;
      this._outcome?.();
    });
    return this._promise;
  }

  /** @param {() => void} outcome */
  _settle(outcome) {
    if (this._settled) return;
    this._settled = true;
    this._outcome = outcome;
    if (this._promise) outcome();
  }
}

module.exports = ConnectAttempt;
