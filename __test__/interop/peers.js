'use strict';

// One interface for both ends of a connection of any package.

/** A queue of items that have arrived at one end. */
class Arrivals {
  #items = [];
  #wanted = 0;
  #settle = null;
  #over = null;

  push(item) {
    this.#items.push(item);
    this.#serve();
  }

  /** Ends the queue. A wait for more items fails with the reason. */
  end(reason) {
    this.#over = reason;
    this.#serve();
  }

  /** Waits for the next `count` items and takes them. */
  take(count) {
    return new Promise((resolve, reject) => {
      this.#wanted = count;
      this.#settle = { resolve, reject };
      this.#serve();
    });
  }

  #serve() {
    if (this.#settle === null) return;
    const { resolve, reject } = this.#settle;
    if (this.#items.length >= this.#wanted) resolve(this.#items.splice(0, this.#wanted));
    else if (this.#over)
      reject(new Error(`${this.#items.length} of ${this.#wanted}: ${this.#over}`));
    else return;
    this.#settle = null;
  }
}

/** One end. `send`, `close`, `vanish` and, if it exists, `ping` come from its package. */
class Peer {
  messages = new Arrivals();
  pongs = new Arrivals();
  /** Resolves with the code and the reason. */
  closed = new Promise((resolve) => {
    this.onClose = (code, reason) => {
      this.messages.end(`closed with ${code} ${reason}`);
      this.pongs.end(`closed with ${code} ${reason}`);
      resolve({ code, reason });
    };
  });

  constructor(methods) {
    Object.assign(this, methods);
  }
}

/** A connection of this package or of npm websocket. */
function ofConnection(connection) {
  const peer = new Peer({
    protocol: connection.protocol ?? '',
    transport: () => connection.transport,
    bytes: () => connection.bytesSent + connection.bytesReceived,
    send: (data, options) => connection.send(data, options),
    ping: (data) => connection.ping(data),
    close: (code, reason) => connection.close(code, reason),
    vanish: () => connection.socket.destroy(),
  });
  connection.on('message', ({ type, utf8Data, binaryData }) => {
    peer.messages.push(type === 'utf8' ? utf8Data : binaryData);
  });
  connection.on('pong', (data) => peer.pongs.push(data));
  connection.on('close', peer.onClose);
  connection.on('error', () => {});
  return peer;
}

/** A WebSocket of ws. */
function ofWs(socket) {
  const peer = new Peer({
    protocol: socket.protocol,
    send: (data, options) => socket.send(data, options),
    ping: (data) => socket.ping(data),
    close: (code, reason) => socket.close(code, reason),
    vanish: () => socket.terminate(),
  });
  socket.on('message', (data, isBinary) => peer.messages.push(isBinary ? data : data.toString()));
  socket.on('pong', (data) => peer.pongs.push(data));
  socket.on('close', (code, reason) => peer.onClose(code, reason.toString()));
  socket.on('error', () => {});
  return peer;
}

/** A WebSocket with a browser's interface: undici's, Node's own, or this package's W3CWebSocket. */
function ofStandard(socket) {
  socket.binaryType = 'arraybuffer';
  const peer = new Peer({
    protocol: socket.protocol,
    send: (data) => socket.send(data),
    close: (code, reason) => socket.close(code, reason),
  });
  socket.addEventListener('message', ({ data }) => {
    peer.messages.push(typeof data === 'string' ? data : Buffer.from(data));
  });
  socket.addEventListener('close', ({ code, reason }) => peer.onClose(code, reason));
  return peer;
}

module.exports = { ofConnection, ofStandard, ofWs };
