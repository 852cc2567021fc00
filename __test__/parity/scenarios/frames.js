'use strict';

const { BufferListDouble } = require('../harness/buffer-list');
const { encodeFrame } = require('../harness/wire');

const FIELDS = [
  'fin',
  'rsv1',
  'rsv2',
  'rsv3',
  'mask',
  'opcode',
  'length',
  'binaryPayload',
  'closeStatus',
  'parseState',
  'protocolError',
  'frameTooLarge',
  'dropReason',
  'invalidCloseFrameLength',
];

function make(t, config = { maxReceivedFrameSize: 0x10000 }) {
  return new t.ws.frame(Buffer.alloc(4), Buffer.alloc(10), config);
}

function record(lane, label, frame) {
  const fields = {};
  for (const field of FIELDS) fields[field] = frame[field];
  lane.add(label, fields);
}

/** Parses `bytes` as one frame and records each answer of addData and the frame after it. */
function parse(t, label, bytes, { config, chunks = [bytes] } = {}) {
  const lane = t.lane('frame');
  const frame = make(t, config);
  const list = new BufferListDouble();
  for (const chunk of chunks) {
    list.write(chunk);
    lane.attempt(label, () => frame.addData(list));
  }
  record(lane, label, frame);
  lane.add('left', list.length, String(frame));
}

/** Writes a frame with these fields. Its masking key is zero, which leaves the bytes unchanged. */
function build(t, label, fields) {
  const frame = Object.assign(make(t), fields);
  const bytes = t.lane('frame').attempt(label, () => frame.toBuffer(true));
  if (bytes) t.lane('frame').add('length', frame.length, String(frame));
}

module.exports = [
  {
    name: 'frame: its fields when it is new',
    async run(t) {
      const frame = make(t, { maxReceivedFrameSize: 123 });
      record(t.lane('frame'), 'new', frame);
      t.lane('frame').add('config', frame.config, frame.maxReceivedFrameSize);
      t.lane('frame').add('buffers', frame.maskBytes.length, frame.frameHeader.length);
    },
  },
  {
    name: 'frame: made without arguments',
    async run(t) {
      t.lane('frame').attempt('new', () => String(new t.ws.frame().parseState));
    },
    differs: [
      {
        row: 'frameDefaults',
        lane: 'frame',
        upstream: [
          [
            'new',
            'threw',
            {
              error: 'TypeError',
              message: "Cannot read properties of undefined (reading 'maxReceivedFrameSize')",
            },
          ],
        ],
        ours: [['new', 'returned', '1']],
      },
    ],
  },
  {
    name: 'frame: parsed whole, in every length form, masked and bare',
    async run(t) {
      for (const size of [0, 1, 125, 126, 65535, 65536]) {
        for (const mask of [true, false]) {
          const bytes = encodeFrame('binary', Buffer.alloc(size, 7), { mask });
          parse(t, `${size} ${mask}`, bytes);
        }
      }
    },
  },
  {
    name: 'frame: parsed byte by byte',
    async run(t) {
      const bytes = encodeFrame('text', 'grüße', { fin: false });
      parse(t, 'short', bytes, { chunks: Array.from(bytes, (byte) => Buffer.from([byte])) });
      const long = encodeFrame('binary', Buffer.alloc(130, 1));
      parse(t, 'long', long, {
        chunks: [long.subarray(0, 3), long.subarray(3, 6), long.subarray(6)],
      });
    },
  },
  {
    name: 'frame: bytes after it stay in the list',
    async run(t) {
      parse(t, 'first', Buffer.concat([encodeFrame('text', 'one'), encodeFrame('text', 'two')]));
    },
  },
  {
    name: 'frame: reserved bits and any opcode are parsed',
    async run(t) {
      for (const opcode of [0, 1, 2, 3, 7, 9, 10, 11, 15]) {
        parse(t, `opcode ${opcode}`, encodeFrame(opcode, 'x', { rsv: opcode % 8 }));
      }
    },
  },
  {
    name: 'frame: close frames, with and without status and reason',
    async run(t) {
      parse(t, 'empty', encodeFrame('close'));
      parse(t, 'one byte', encodeFrame('close', [3]));
      parse(t, 'status', encodeFrame('close', [0x0f, 0xa1]));
      parse(t, 'reason', encodeFrame('close', [0x0f, 0xa1, 0x68, 0x69]));
    },
  },
  {
    name: 'frame: control frames that are too long or in fragments',
    async run(t) {
      parse(t, 'long ping', encodeFrame('ping', Buffer.alloc(126)));
      parse(t, 'long close', encodeFrame('close', Buffer.alloc(200)));
      parse(t, 'fragment', encodeFrame('pong', 'x', { fin: false }));
    },
  },
  {
    name: 'frame: sizes at and above the limit',
    async run(t) {
      const config = { maxReceivedFrameSize: 200 };
      parse(t, '200', encodeFrame('binary', Buffer.alloc(200)), { config });
      parse(t, '201', encodeFrame('binary', Buffer.alloc(201)), { config });
      parse(t, 'header only', encodeFrame('binary', '', { declaredLength: 70_000 }), { config });
    },
  },
  {
    name: 'frame: a 64-bit length with its high word set',
    async run(t) {
      parse(t, 'huge', encodeFrame('binary', '', { declaredLength: 2 ** 40 }));
    },
  },
  {
    name: 'frame: throwAwayPayload()',
    async run(t) {
      const lane = t.lane('frame');
      const frame = make(t);
      const list = new BufferListDouble();
      frame.length = 5;
      list.write(Buffer.alloc(4));
      lane.attempt('too little', () => frame.throwAwayPayload(list));
      list.write(Buffer.alloc(4));
      lane.attempt('enough', () => frame.throwAwayPayload(list));
      lane.add('after', list.length, frame.parseState);
    },
  },
  {
    name: 'frame: written in every length form, masked and bare',
    async run(t) {
      for (const size of [0, 1, 125, 126, 65535, 65536]) {
        for (const mask of [true, false]) {
          const binaryPayload = Buffer.from(Array.from({ length: size }, (_, i) => i % 251));
          build(t, `${size} ${mask}`, { opcode: 2, fin: true, mask, binaryPayload });
        }
      }
    },
  },
  {
    name: 'frame: written with each flag',
    async run(t) {
      const binaryPayload = Buffer.from('x');
      build(t, 'none', { opcode: 0, binaryPayload });
      build(t, 'fin', { opcode: 1, fin: true, binaryPayload });
      build(t, 'rsv1', { opcode: 1, rsv1: true, binaryPayload });
      build(t, 'rsv2', { opcode: 1, rsv2: true, binaryPayload });
      build(t, 'rsv3', { opcode: 1, rsv3: true, binaryPayload });
      build(t, 'high opcode', { opcode: 0x1f, binaryPayload });
      build(t, 'no payload', { opcode: 1, fin: true });
      build(t, 'no payload, masked', { opcode: 1, fin: true, mask: true });
    },
  },
  {
    name: 'frame: close frames are written with their status before the reason',
    async run(t) {
      build(t, 'status', { opcode: 8, fin: true, closeStatus: 1000 });
      const binaryPayload = Buffer.from('bye');
      build(t, 'reason', { opcode: 8, fin: true, closeStatus: 4001, binaryPayload });
      build(t, 'masked', { opcode: 8, fin: true, mask: true, closeStatus: 4001, binaryPayload });
      build(t, 'no status', { opcode: 8, fin: true });
    },
  },
  {
    name: 'frame: a random mask leaves the payload of the caller alone',
    async run(t) {
      const lane = t.lane('frame');
      const binaryPayload = Buffer.from('leave me alone');
      const frame = Object.assign(make(t), { opcode: 1, fin: true, mask: true, binaryPayload });
      const bytes = frame.toBuffer();
      lane.add('written', bytes.length, binaryPayload, bytes.subarray(0, 2));
      lane.add('mask key', frame.maskBytes.equals(bytes.subarray(2, 6)));
      parse(t, 'parsed again', bytes);
    },
  },
].map((scenario) => ({ adopts: false, ...scenario }));
