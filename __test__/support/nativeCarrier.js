'use strict';

// With `node --require`, every HTTP server of the process gets NativeSockets in place of the sockets
// that Node accepts. So any test of connections runs over raw links.

const http = require('node:http');
const net = require('node:net');

const { nativeOf } = require('./nativeSocket');

const { emit } = net.Server.prototype;

/** @this {any} */
net.Server.prototype.emit = function (event, ...args) {
  if (event !== 'connection' || !(this instanceof http.Server)) {
    return Reflect.apply(emit, this, [event, ...args]);
  }
  const [socket] = args;
  const isOurs = Object.getPrototypeOf(socket) === net.Socket.prototype && socket._handle?.fd >= 0;
  if (!isOurs) return Reflect.apply(emit, this, [event, ...args]);
  const native = nativeOf(socket, { noDelay: true });
  native.server = this;
  native._server = this;
  return Reflect.apply(emit, this, [event, native]);
};
