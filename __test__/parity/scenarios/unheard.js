'use strict';

// Frames that arrive together with messages. A handler of one message destroys the socket, and no
// later frame is delivered.

const TEXTS = ['one', 'two', 'three', 'four', 'five'];

async function cutOff(t, { last, end, event = 'message', opcode = 'text', client = false }) {
  const { connection, peer } = await (client ? t.connected() : t.accepted());
  await t.lane().until('resume');
  let count = 0;
  connection.on(event, () => {
    if (++count === 3) end(connection.socket);
  });
  peer.write(Buffer.concat([...TEXTS.map((text) => peer.frame(opcode, text)), last(peer)]));
  await t.lane().until('close');
  await peer.seen('gone');
}

const close = (peer) => peer.frame('close', Buffer.from([0x0f, 0xa0, 0x74, 0x65, 0x6e]));
const violation = () => Buffer.from([0xf1, 0x80, 0, 0, 0, 0]);
const LASTS = { 'a close frame': close, 'a violation': violation };
const ENDS = {
  'destroy()': (socket) => socket.destroy(),
  'destroy(error)': (socket) =>
    socket.destroy(Object.assign(new Error('mine'), { code: 'EMINE', syscall: 'mine' })),
};

const scenarios = [];
for (const client of [false, true]) {
  for (const [what, last] of Object.entries(LASTS)) {
    for (const [how, end] of Object.entries(ENDS)) {
      scenarios.push({
        name: `${what} behind messages, after ${how} by a handler of a ${client ? 'client' : 'server'}`,
        run: (t) => cutOff(t, { last, end, client }),
      });
    }
  }
}

module.exports = [
  ...scenarios,
  {
    name: 'a close frame behind pongs, after destroy() by a handler of a server',
    run: (t) => cutOff(t, { last: close, end: ENDS['destroy()'], event: 'pong', opcode: 'pong' }),
  },
  {
    name: 'a close frame behind pings, after destroy() by a handler of a server',
    run: (t) => cutOff(t, { last: close, end: ENDS['destroy()'], event: 'ping', opcode: 'ping' }),
  },
];
