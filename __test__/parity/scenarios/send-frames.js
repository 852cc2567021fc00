'use strict';

async function sending(t, act, { config, client } = {}) {
  const { connection, peer } = await (client ? t.connected({ config }) : t.accepted({ config }));
  await t.lane().until('resume');
  act(connection, t.lane(), peer);
  connection.close();
  await peer.seen('gone');
  await t.lane().until('close');
}

/** A frame for `sendFrame`, made as in its documentation. */
function frame(t, connection, fields) {
  const made = new t.ws.frame(connection.maskBytes, connection.frameHeader, connection.config);
  return Object.assign(made, fields);
}

module.exports = [
  {
    name: 'sendFrame() sends frames that were made by hand',
    run: (t) =>
      sending(t, (connection, lane) => {
        const send = (label, fields) =>
          lane.call(label, () => connection.sendFrame(frame(t, connection, fields)));
        send('text', { opcode: 1, fin: true, binaryPayload: Buffer.from('by hand') });
        send('first fragment', { opcode: 2, fin: false, binaryPayload: Buffer.from([1]) });
        send('ping between', { opcode: 9, fin: true, binaryPayload: Buffer.from('p') });
        send('last fragment', { opcode: 0, fin: true, binaryPayload: Buffer.from([2]) });
        send('no payload', { opcode: 2, fin: true });
        send('reserved bits', { opcode: 1, fin: true, rsv1: true, rsv3: true });
        send('unknown opcode', { opcode: 3, fin: true, binaryPayload: Buffer.from('?') });
        send('long', { opcode: 2, fin: true, binaryPayload: Buffer.alloc(70000, 1) });
      }),
  },
  {
    name: 'sendFrame() on a client always masks',
    run: (t) =>
      sending(
        t,
        (connection, lane) => {
          const made = frame(t, connection, {
            opcode: 1,
            fin: true,
            mask: false,
            binaryPayload: Buffer.from('masked'),
          });
          lane.call('send', () => connection.sendFrame(made));
          lane.add('mask', made.mask, made.length);
        },
        { client: true },
      ),
  },
  {
    name: 'sendFrame() returns whether the socket took the frame',
    run: (t) =>
      sending(t, (connection, lane) => {
        const made = frame(t, connection, {
          opcode: 1,
          fin: true,
          binaryPayload: Buffer.from('a'),
        });
        lane.attempt('sendFrame', () => connection.sendFrame(made));
        lane.add('outputBufferFull', connection.outputBufferFull);
      }),
  },
  {
    name: 'sendFrame() calls back',
    async run(t) {
      const { connection, peer } = await t.accepted();
      await t.lane().until('resume');
      const made = frame(t, connection, { opcode: 1, fin: true, binaryPayload: Buffer.from('a') });
      connection.sendFrame(made, (error) => t.lane().add('sent', error ?? 'no error'));
      await t.lane().until('sent');
      await t.farewell(peer);
    },
  },
  {
    name: 'fragmentAndSend() fragments data and refuses control frames',
    run: (t) =>
      sending(
        t,
        (connection, lane) => {
          const send = (label, fields) =>
            lane.call(label, () => connection.fragmentAndSend(frame(t, connection, fields)));
          send('text', { opcode: 1, binaryPayload: Buffer.from('0123456') });
          send('ping', { opcode: 9, binaryPayload: Buffer.from('p') });
        },
        { config: { fragmentationThreshold: 5 } },
      ),
  },
  {
    name: 'ping() with text, bytes, other values and none',
    run: (t) =>
      sending(t, (connection, lane) => {
        lane.call('none', () => connection.ping());
        lane.call('text', () => connection.ping('grüße'));
        lane.call('bytes', () => connection.ping(Buffer.from([1, 2])));
        lane.call('number', () => connection.ping(12));
        lane.call('zero', () => connection.ping(0));
        lane.call('empty text', () => connection.ping(''));
        lane.call('empty bytes', () => connection.ping(Buffer.alloc(0)));
        lane.call('object', () => connection.ping({}));
      }),
  },
  {
    name: 'ping() and pong() truncate payloads of more than 125 bytes',
    run: (t) =>
      sending(t, (connection, lane) => {
        for (const size of [124, 125, 126, 500]) {
          lane.call(`ping ${size}`, () => connection.ping('p'.repeat(size)));
          lane.call(`pong ${size}`, () => connection.pong(Buffer.alloc(size, 0x70)));
        }
      }),
  },
  {
    name: 'unsolicited pong(), with bytes and with none',
    run: (t) =>
      sending(t, (connection, lane) => {
        lane.call('none', () => connection.pong());
        lane.call('bytes', () => connection.pong(Buffer.from('here')));
      }),
  },
  {
    name: 'ping() of a client is masked',
    run: (t) =>
      sending(
        t,
        (connection) => {
          connection.ping('p');
          connection.pong(Buffer.from('q'));
        },
        { client: true },
      ),
  },
  {
    name: 'a pong arrives as an event with its bytes',
    async run(t) {
      const { connection, peer } = await t.accepted();
      await t.lane().until('resume');
      connection.ping('are you there?');
      await peer.seen('frame');
      peer.send('pong', 'are you there?');
      await t.lane().until('pong');
      peer.send('pong', '');
      await t.lane().until('pong', 2);
      await t.farewell(peer);
    },
  },
  {
    name: 'sendCloseFrame() writes the frame and ends the socket, without a state of its own',
    async run(t) {
      const { connection, peer } = await t.accepted();
      const lane = t.lane();
      await lane.until('resume');
      lane.call('sendCloseFrame', () => connection.sendCloseFrame(4001, 'by hand'));
      lane.add('fields', connection.state, connection.connected, connection.closeReasonCode);
      await peer.seen('gone');
      await lane.until('close');
    },
  },
];
