'use strict';

// PerMessageDeflate without a connection, against npm `ws`.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');
const WebSocket = require('ws');

const { linkCompression } = require('../../lib/ws/compression');
const extension = require('../../lib/ws/extension');
const PerMessageDeflate = require('../../lib/ws/PerMessageDeflate');
const { kCloseCode } = require('../../lib/ws/violations');
const { described, outcome, picker } = require('./support/oracle');

const NAME = 'permessage-deflate';
const DEFLATION_CLOSED = 'The deflate stream was closed while data was being processed';

const FLAGS = [undefined, true, false];
const BITS = [undefined, null, true, false, 8, 10, 15];

const OPTIONS = {
  serverNoContextTakeover: FLAGS,
  clientNoContextTakeover: FLAGS,
  serverMaxWindowBits: BITS,
  clientMaxWindowBits: BITS,
};

const PARAMETERS = [
  'server_no_context_takeover',
  'client_no_context_takeover',
  'server_max_window_bits=8',
  'server_max_window_bits=10',
  'server_max_window_bits="15"',
  'client_max_window_bits',
  'client_max_window_bits=8',
  'client_max_window_bits=12',
  'client_max_window_bits=15',
];

const WRONG_PARAMETERS = [
  'server_no_context_takeover=true',
  'client_no_context_takeover=10',
  'server_max_window_bits',
  'server_max_window_bits=7',
  'server_max_window_bits=16',
  'server_max_window_bits=9.5',
  'server_max_window_bits=0x0a',
  'client_max_window_bits=x',
  'server_no_context_takeover; server_no_context_takeover',
  'client_max_window_bits; client_max_window_bits=9',
  'unknown',
  'constructor=1',
];

/** @param {(below: number) => number} pick */
function randomOptions(pick) {
  const chosen = Object.entries(OPTIONS).map(([name, values]) => [
    name,
    values[pick(values.length)],
  ]);
  return Object.fromEntries(chosen.filter(([, value]) => value !== undefined));
}

/** @param {(below: number) => number} pick */
function randomHeader(pick) {
  const offers = Array.from({ length: 1 + pick(3) }, () => {
    const parameters = PARAMETERS.filter(() => pick(3) === 0);
    return [NAME, ...parameters].join('; ');
  });
  return offers.join(', ');
}

/** What an implementation makes of a header. */
function agreement(Class, header, options) {
  return outcome(() => {
    const perMessageDeflate = new Class(options);
    const agreed = perMessageDeflate.accept(WebSocket.extension.parse(header)[NAME]);
    assert.equal(perMessageDeflate.params, agreed);
    return extension.format({ [NAME]: agreed });
  });
}

/** @returns {PerMessageDeflate} one that has agreed on a header's parameters */
function agreed(options, parameters = '') {
  const perMessageDeflate = new PerMessageDeflate(options);
  perMessageDeflate.accept(extension.parse(NAME + parameters)[NAME]);
  return perMessageDeflate;
}

/** Calls `compress` or `decompress`. */
function run(perMessageDeflate, method, data, fin = true) {
  return new Promise((resolve, reject) => {
    perMessageDeflate[method](data, fin, (error, result) => {
      if (error) reject(error);
      else resolve(result);
    });
  });
}

describe('The negotiation of PerMessageDeflate', () => {
  it('offers what ws offers', () => {
    const pick = picker(1);
    for (let i = 0; i < 500; i++) {
      const options = randomOptions(pick);
      const expected = new WebSocket.PerMessageDeflate(options).offer();
      assert.deepEqual(new PerMessageDeflate(options).offer(), expected);
    }
  });

  for (const isServer of [true, false]) {
    it(`of a ${isServer ? 'server' : 'client'} agrees on what ws agrees on`, () => {
      const pick = picker(2);
      let agreements = 0;
      for (let i = 0; i < 5000; i++) {
        const header = randomHeader(pick);
        const options = { ...randomOptions(pick), isServer };
        const expected = agreement(WebSocket.PerMessageDeflate, header, options);
        const actual = agreement(PerMessageDeflate, header, options);
        assert.deepEqual(actual, expected, `${header} ${JSON.stringify(options)}`);
        if (expected.value) agreements++;
      }
      assert.ok(agreements > 500, `${agreements}`);
    });

    for (const parameters of WRONG_PARAMETERS) {
      it(`of a ${isServer ? 'server' : 'client'} judges ${parameters} as ws does`, () => {
        const header = `${NAME}; ${parameters}`;
        const expected = agreement(WebSocket.PerMessageDeflate, header, { isServer });
        assert.deepEqual(agreement(PerMessageDeflate, header, { isServer }), expected);
      });
    }
  }

  it('has the fields that other code reads', () => {
    const options = { threshold: 7, maxPayload: 2 ** 32 + 9.5, isServer: 1 };
    const { _threshold, _maxPayload, _isServer, _options, params } = new PerMessageDeflate(options);
    assert.deepEqual([_threshold, _maxPayload, _isServer, params], [7, 9, true, null]);
    assert.equal(_options, options);
    assert.equal(new PerMessageDeflate()._threshold, 1024);
    assert.equal(PerMessageDeflate.extensionName, NAME);
  });
});

describe('The compression of a connection', () => {
  it('has the windows of the agreement', () => {
    const { serverMaxWindowBits, clientMaxWindowBits } = linkCompression(
      agreed({ isServer: true, clientMaxWindowBits: 11 }, '; client_max_window_bits'),
    );
    assert.deepEqual([serverMaxWindowBits, clientMaxWindowBits], [15, 11]);
  });

  it('has a threshold only where our own side keeps no context', () => {
    const thresholds = [
      [{ isServer: true }, '; server_no_context_takeover'],
      [{ isServer: true }, '; client_no_context_takeover'],
      [{ isServer: false }, '; server_no_context_takeover'],
      [{ isServer: false }, '; client_no_context_takeover'],
    ].map(([options, parameters]) => linkCompression(agreed(options, parameters)).threshold);
    assert.deepEqual(thresholds, [1024, 0, 0, 1024]);
  });

  it('has zlib’s options, or their defaults', () => {
    const settings = [
      undefined,
      {},
      { level: 9, memLevel: 1, strategy: 4, windowBits: 9 },
      { level: 10, memLevel: 0, strategy: 5 },
      { level: null, memLevel: 'x', strategy: Number.NaN },
      { level: 2.5, memLevel: 9, strategy: 0 },
    ].map((zlibDeflateOptions) => {
      const compression = linkCompression(agreed({ zlibDeflateOptions }));
      assert.equal(compression.clientMaxWindowBits, 15);
      return [compression.level, compression.memLevel, compression.strategy];
    });
    const defaults = [-1, 8, 0];
    assert.deepEqual(settings, [defaults, defaults, [9, 1, 4], defaults, defaults, [2, 9, 0]]);
  });

  it('is one object for equal agreements', () => {
    const first = linkCompression(agreed({ isServer: true, threshold: 3 }));
    const second = linkCompression(agreed({ isServer: true, threshold: 3 }));
    const third = linkCompression(agreed({ isServer: true }, '; client_no_context_takeover'));
    assert.equal(first, second);
    assert.notEqual(first, third);
  });
});

describe('PerMessageDeflate without a connection', () => {
  const text = Buffer.from('Some compressible data, compressible data.'.repeat(1000));

  it('is understood by ws, and understands it', async () => {
    const parameters = '; server_max_window_bits=9; client_max_window_bits=10';
    const server = agreed({ isServer: true }, parameters);
    const client = new WebSocket.PerMessageDeflate();
    client.accept(WebSocket.extension.parse(NAME + parameters)[NAME]);
    for (const data of [text, Buffer.from('x'), Buffer.alloc(0), Buffer.alloc(0), text]) {
      const toClient = await run(server, 'compress', data);
      assert.deepEqual(await run(client, 'decompress', toClient), data);
      const toServer = await run(client, 'compress', data);
      assert.deepEqual(await run(server, 'decompress', toServer), data);
    }
  });

  it('compresses to the bytes of ws', async () => {
    for (const parameters of ['', '; client_no_context_takeover']) {
      const theirs = new WebSocket.PerMessageDeflate();
      theirs.accept(WebSocket.extension.parse(NAME + parameters)[NAME]);
      const ours = agreed({}, parameters);
      for (const [data, fin] of [
        ['é', false],
        [text, false],
        ['', true],
        ['abc', true],
      ]) {
        const expected = await run(theirs, 'compress', data, fin);
        assert.deepEqual(await run(ours, 'compress', data, fin), expected);
      }
    }
  });

  it('takes pieces one after another', async () => {
    const perMessageDeflate = agreed({});
    const pieces = ['one', 'two', 'three'];
    const deflated = await Promise.all(
      pieces.map((piece, at) => run(perMessageDeflate, 'compress', piece, at === 2)),
    );
    const inflated = await Promise.all(
      deflated.map((piece, at) => run(perMessageDeflate, 'decompress', piece, at === 2)),
    );
    assert.deepEqual(inflated.map(String), pieces);
  });

  it('fails invalid data with the error of zlib', async () => {
    const perMessageDeflate = agreed({});
    const invalid = Buffer.from('something invalid');
    const theirs = new WebSocket.PerMessageDeflate();
    theirs.accept([{}]);
    const expected = await run(theirs, 'decompress', invalid).catch(described);
    await assert.rejects(run(perMessageDeflate, 'decompress', invalid), (error) => {
      assert.deepEqual(described(error), expected);
      assert.equal(error[kCloseCode], 1007);
      return true;
    });
  });

  it('continues after invalid data', async () => {
    const perMessageDeflate = agreed({});
    const failing = run(perMessageDeflate, 'decompress', Buffer.from('something invalid'));
    const following = run(perMessageDeflate, 'decompress', Buffer.from('4a0400', 'hex'));
    await assert.rejects(failing, { code: 'Z_DATA_ERROR' });
    assert.equal(String(await following), 'a');
  });

  it('fails data that inflates to more than maxPayload', async () => {
    const perMessageDeflate = agreed({ maxPayload: text.length - 1 });
    const deflated = await run(agreed({ isServer: true }), 'compress', text);
    await assert.rejects(run(perMessageDeflate, 'decompress', deflated), (error) => {
      assert.deepEqual(described(error), {
        name: 'RangeError',
        message: 'Max payload size exceeded',
        code: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
        errno: undefined,
      });
      assert.equal(error[kCloseCode], 1009);
      return true;
    });
    perMessageDeflate._maxPayload = text.length;
    assert.deepEqual(await run(perMessageDeflate, 'decompress', deflated), text);
  });

  it('begins anew after a final block', async () => {
    const perMessageDeflate = agreed({});
    const final = Buffer.from('33343236313533b7000000', 'hex');
    for (let i = 0; i < 2; i++) {
      assert.equal(String(await run(perMessageDeflate, 'decompress', final)), '12345678');
    }
  });

  it('fails what is being deflated when it is cleaned up', async () => {
    const perMessageDeflate = agreed({});
    const outcomes = Promise.allSettled([
      run(perMessageDeflate, 'compress', text),
      run(perMessageDeflate, 'compress', text),
    ]);
    perMessageDeflate.cleanup();
    const messages = (await outcomes).map(({ reason }) => reason?.message);
    assert.deepEqual(messages, [DEFLATION_CLOSED, DEFLATION_CLOSED]);
  });

  it('throws for options and data that zlib refuses, each time', async () => {
    const zlibDeflateOptions = { level: 10 };
    const perMessageDeflate = agreed({ zlibDeflateOptions });
    for (let i = 0; i < 2; i++) {
      assert.throws(() => perMessageDeflate.compress('text', true, () => {}), RangeError);
    }
    zlibDeflateOptions.level = 9;
    for (let i = 0; i < 2; i++) {
      assert.throws(() => perMessageDeflate.compress(undefined, true, () => {}), TypeError);
    }
    const deflated = await run(perMessageDeflate, 'compress', text);
    assert.deepEqual(await run(perMessageDeflate, 'decompress', deflated), text);
  });

  it('works on after it is cleaned up', async () => {
    const perMessageDeflate = agreed({});
    await run(perMessageDeflate, 'compress', text);
    perMessageDeflate.cleanup();
    const deflated = await run(perMessageDeflate, 'compress', text);
    assert.deepEqual(await run(perMessageDeflate, 'decompress', deflated), text);
  });
});
