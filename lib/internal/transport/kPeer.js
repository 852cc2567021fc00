'use strict';

/** Key of the Peer of a socket, of a socket's handle, and of an API's connection. */
module.exports = /** @type {any} */ (Symbol('websocket.peer'));
