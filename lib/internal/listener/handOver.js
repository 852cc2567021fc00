'use strict';

// Gives a connection that the engine has accepted to Node's own server.

const fs = require('node:fs');
const { getSystemErrorName } = require('node:util');

/** Key of the number of bytes that the engine had read before Node got the descriptor. */
const kReadBefore = Symbol('websocket.readBefore');

/** The value by which libuv's handles become sockets and not servers, as in Node's `net`. */
const SOCKET = 0;

/** For each class of Node's handles, the prototype of those that the engine had read from. */
const prototypes = new Map();

/**
 * Makes a handle of Node's for a descriptor.
 *
 * @param {any} Handle the class: TCP or Pipe
 * @param {number} fd closed if that fails
 * @param {number} readBefore how many bytes the engine has read from it
 * @returns {any} null if Node can't use the descriptor
 */
function openHandle(Handle, fd, readBefore) {
  const handle = new Handle(SOCKET);
  if (handle.open(fd) < 0) {
    handle.close();
    fs.close(fd, () => {});
    return null;
  }
  if (readBefore > 0) {
    handle[kReadBefore] = readBefore;
    Object.setPrototypeOf(handle, prototypeFor(Handle));
  }
  return handle;
}

/**
 * A prototype whose handles count what the engine had read as theirs.
 *
 * @param {any} Handle
 */
function prototypeFor(Handle) {
  let prototype = prototypes.get(Handle);
  if (prototype === undefined) {
    prototype = Object.create(Handle.prototype, {
      bytesRead: {
        get() {
          return this[kReadBefore] + Reflect.get(Handle.prototype, 'bytesRead', this);
        },
        configurable: true,
      },
    });
    prototypes.set(Handle, prototype);
  }
  return prototype;
}

/**
 * The key by which Node's handles know their owners. It is private to Node, so it is found by its
 * value.
 *
 * @param {any} handle of a server that listens
 * @param {any} server
 * @returns {symbol | undefined}
 */
function ownerKey(handle, server) {
  return Object.getOwnPropertySymbols(handle).find((key) => handle[key] === server);
}

/**
 * The error of a system call, as Node makes it.
 *
 * @param {string} syscall
 * @param {number} errno as libuv has it, negative
 */
function systemError(syscall, errno) {
  const code = getSystemErrorName(errno);
  return Object.assign(new Error(`${syscall} ${code}`), { errno, code, syscall });
}

/** The error of a request whose headers did not come in time, as Node makes it. */
function requestTimeoutError() {
  const error = new Error('Request timeout');
  const code = 'ERR_HTTP_REQUEST_TIMEOUT';
  // Node's errors have their code in the stack, but not in the name.
  error.stack = error.stack?.replace('Error', `Error [${code}]`);
  return Object.assign(error, { code });
}

module.exports = { openHandle, ownerKey, requestTimeoutError, systemError };
