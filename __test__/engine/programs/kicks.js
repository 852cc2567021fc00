'use strict';

// A client and a server that answer each other. Reports how often an I/O thread was kicked for a
// connection until COUNT messages had come back.
//
//   node kicks.js HANDLER COUNT

const { Engine } = require('../../../lib/internal/engine/native');

let kicks = 0;
const { calls } = Engine.prototype;
Engine.prototype.calls = function counting() {
  const all = calls.call(this);
  const kick = (slot) => {
    kicks++;
    all.kick(slot);
  };
  return { ...all, kick };
};

const { dial, listen, report } = require('./common');

const [handler, count] = process.argv.slice(2);

const handlers = {
  sync: (connection) => (message) => connection.send(message.utf8Data),
  async: (connection) => async (message) => {
    await undefined;
    connection.send(message.utf8Data);
  },
  'async, twice': (connection) => async (message) => {
    await undefined;
    connection.ping('behind it is the answer');
    connection.send(message.utf8Data);
  },
  nextTick: (connection) => (message) => {
    process.nextTick(() => connection.send(message.utf8Data));
  },
};

let left = Number(count);

listen({}, (connection) => connection.on('message', handlers[handler](connection))).then(
  ({ url }) => {
    dial(url, {}, (connection) => {
      const answer = handlers[handler](connection);
      connection.on('message', (message) => {
        if (left-- > 0) return answer(message);
        report(kicks);
        process.exit();
      });
      connection.send('hello');
    });
  },
);
