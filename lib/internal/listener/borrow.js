'use strict';

// Lets the engine accept on the descriptor of a server's handle. The handle stays Node's: Node
// makes it, binds it, asks for its address and closes it. Only `listen()` is the engine's.

/** The methods of a handle that are replaced while the engine uses its descriptor. */
const REPLACED = /** @type {const} */ (['listen', 'close', 'ref', 'unref', 'hasRef']);

/**
 * A borrowed handle of a server.
 *
 * @typedef {object} Borrower
 * @property {(backlog: number) => number} listen returns 0 or a negative errno, as libuv does
 * @property {() => void} close the handle is about to be closed
 * @property {(isReferenced: boolean) => void} setReferenced whether it keeps the process alive
 */

/**
 * Replaces methods of a handle. Own methods of the handle, as `node:cluster` sets them, are called
 * by the new ones and come back with `giveBack`.
 *
 * @param {any} handle
 * @param {Borrower} borrower
 * @returns {() => void} gives the handle its methods back
 */
function borrow(handle, borrower) {
  const own = REPLACED.map((name) => Object.getOwnPropertyDescriptor(handle, name));
  const original = Object.fromEntries(REPLACED.map((name) => [name, handle[name]]));
  let isReferenced = true;

  const giveBack = () => {
    REPLACED.forEach((name, i) => {
      const descriptor = own[i];
      if (descriptor) Object.defineProperty(handle, name, descriptor);
      else delete handle[name];
    });
  };
  const methods = {
    listen: (backlog) => borrower.listen(backlog),
    close(...args) {
      giveBack();
      borrower.close();
      return Reflect.apply(original.close, handle, args);
    },
    ref() {
      isReferenced = true;
      borrower.setReferenced(true);
      return Reflect.apply(original.ref, handle, []);
    },
    unref() {
      isReferenced = false;
      borrower.setReferenced(false);
      return Reflect.apply(original.unref, handle, []);
    },
    hasRef: () => isReferenced,
  };
  for (const name of REPLACED) {
    Object.defineProperty(handle, name, {
      value: methods[name],
      writable: true,
      enumerable: own[REPLACED.indexOf(name)]?.enumerable ?? false,
      configurable: true,
    });
  }
  return giveBack;
}

module.exports = borrow;
