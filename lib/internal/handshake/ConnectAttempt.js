'use strict';

/**
 * The outcome of one call of WebSocketClient's `connect()`. `await` gives the connection, or throws
 * the error of 'connectFailed'. The promise is made on demand, so an application that only listens
 * for events never has an unhandled rejection.
 *
 * @implements {PromiseLike<any>}
 */
class ConnectAttempt {
  // Underscores and not `#`: an application may wrap what `connect()` returns in a proxy.
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

  // biome-ignore lint/suspicious/noThenProperty: the purpose of the class is to be awaited
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
