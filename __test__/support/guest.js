'use strict';

/**
 * A process, or a thread of one, whose life depends on its connections. It reports what it does in
 * lines on standard output.
 *
 *   node guest.js SCENE URL TRANSPORT
 */

const fs = require('node:fs');
const { isMainThread, workerData } = require('node:worker_threads');

const { client: WebSocketClient } = require('../..');

const [scene, url, transport] = isMainThread ? process.argv.slice(2) : workerData;

const SCENES = {
  /** Only waits for the other side. */
  listen(connection) {
    connection.on('message', ({ utf8Data }) => console.log(utf8Data));
    connection.on('close', (code) => console.log(`closed ${code}`));
  },

  /** Unrefs its connection, so that it does not keep the process alive. */
  unref(connection) {
    connection.on('message', () => connection.socket.unref());
  },

  /** Unrefs its connection and refs it again. */
  ref(connection) {
    connection.socket.unref();
    connection.socket.ref();
    connection.on('message', ({ utf8Data }) => console.log(utf8Data));
    connection.on('close', (code) => console.log(`closed ${code}`));
  },

  /** Exits right after a send. */
  exit(connection) {
    connection.on('message', () => {
      for (let i = 0; i < 100; i++) connection.sendUTF(`${i}`.padEnd(100));
      process.exit(7);
    });
  },

  /** Sends when the process exits. */
  farewell(connection) {
    process.on('exit', () => {
      for (const text of ['one', 'two', 'three']) connection.sendUTF(text);
      connection.close(1001, 'going away');
    });
    connection.on('message', () => process.exit());
  },

  /** Reports that it works, and goes on until its standard input ends. */
  work(connection) {
    connection.on('message', () => {
      setImmediate(() => {
        connection.sendUTF('working');
        fs.readFileSync(0);
        connection.sendUTF('done');
        connection.sendUTF('and over');
        connection.close();
      });
    });
  },

  /** Answers, and then pauses. */
  drop(connection) {
    connection.on('message', ({ utf8Data }) => {
      connection.sendUTF(utf8Data);
      if (utf8Data === 'last') connection.drop(4001, 'out');
    });
  },

  /** Has a handler that throws an exception that nothing catches. */
  throw(connection) {
    connection.on('message', ({ utf8Data }) => {
      throw new Error(`from the handler of ${utf8Data}`);
    });
  },

  /** Sends and receives until it is terminated. */
  busy(connection) {
    connection.on('message', (message) => {
      connection.sendUTF(message.utf8Data);
      connection.sendBytes(Buffer.alloc(10000));
    });
    for (let i = 0; i < 100; i++) connection.sendUTF(`${i}`);
  },
};

const client = new WebSocketClient({ transport });
client.on('connectFailed', (error) => {
  throw error;
});
client.on('connect', (connection) => {
  SCENES[scene](connection);
  connection.sendUTF('ready');
});
client.connect(url);
