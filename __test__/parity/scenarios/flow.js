'use strict';

const texts = (peer, list) => Buffer.concat(list.map((text) => peer.frame('text', text)));

module.exports = [
  {
    name: 'pause() stops messages until resume()',
    async run(t) {
      const { connection, peer } = await t.accepted();
      const lane = t.lane();
      await lane.until('resume');
      lane.call('pause', () => connection.pause());
      lane.add('inputPaused', connection.inputPaused);
      peer.write(texts(peer, ['1', '2', '3']));
      await t.roundTrip();
      lane.call('resume called', () => connection.resume());
      await lane.until('message', 3);
      lane.add('inputPaused', connection.inputPaused);
      await t.farewell(peer);
    },
  },
  {
    name: 'pause() in a message handler delays the messages of the same piece',
    async run(t) {
      const { connection, peer } = await t.accepted();
      const lane = t.lane();
      await lane.until('resume');
      connection.on('message', ({ utf8Data }) => {
        if (utf8Data === '2') connection.pause();
      });
      peer.write(texts(peer, ['1', '2', '3', '4']));
      await lane.until('pause');
      await t.roundTrip();
      lane.call('resume called', () => connection.resume());
      await lane.until('message', 4);
      await t.farewell(peer);
    },
  },
  {
    name: 'pause() and resume() twice, and in one turn',
    async run(t) {
      const { connection, peer } = await t.accepted();
      const lane = t.lane();
      await lane.until('resume');
      for (const method of ['pause', 'pause', 'resume', 'resume', 'pause', 'resume']) {
        lane.call(`${method} called`, () => connection[method]());
      }
      await t.turns();
      lane.add('inputPaused', connection.inputPaused);
      peer.text('heard');
      await lane.until('message');
      await t.farewell(peer);
    },
  },
  {
    name: 'a paused connection sends, and reports the close of its peer after resume()',
    async run(t) {
      const { connection, peer } = await t.accepted();
      const lane = t.lane();
      await lane.until('resume');
      connection.pause();
      connection.sendUTF('while paused');
      await peer.seen('frame');
      peer.text('last words');
      peer.close(4000, 'bye');
      await t.roundTrip();
      lane.add('fields', connection.state, connection.connected);
      connection.resume();
      await lane.until('close');
      await peer.seen('gone');
    },
  },
  {
    name: 'a client that is paused',
    async run(t) {
      const { connection, peer } = await t.connected();
      const lane = t.lane();
      await lane.until('resume');
      connection.pause();
      peer.write(texts(peer, ['1', '2']));
      await t.roundTrip();
      lane.call('resume called', () => connection.resume());
      await lane.until('message', 2);
      await t.farewell(peer);
    },
  },
  {
    name: 'drop() while paused',
    async run(t) {
      const { connection, peer } = await t.accepted({ dial: { answersClose: false } });
      await t.lane().until('resume');
      connection.pause();
      connection.drop(4000, 'enough');
      await peer.seen('gone');
    },
  },
  {
    name: 'a peer that does not read fills the output buffer, and drains it',
    async run(t) {
      const quiet = { onFrame: ({ opcode }) => opcode === 'close' };
      const { connection, peer } = await t.accepted({
        config: { fragmentOutgoingMessages: false },
        dial: quiet,
      });
      const lane = t.lane();
      await lane.until('resume');
      lane.add('outputBufferFull', connection.outputBufferFull);
      peer.socket.pause();
      const chunk = Buffer.alloc(0x100000);
      // More than the kernel buffers of both ends can take.
      for (let i = 0; i < 32; i += 1) connection.sendBytes(chunk);
      lane.add('outputBufferFull', connection.outputBufferFull);
      await t.roundTrip();
      lane.add('outputBufferFull', connection.outputBufferFull);
      peer.socket.resume();
      await lane.until('drain');
      lane.add('outputBufferFull', connection.outputBufferFull);
      await t.farewell(peer);
    },
  },
];
