'use strict';

// Random request heads: handshakes, and what is nearly one.

/** Numbers from 0 on, below 1, the same for each seed (mulberry32). */
function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Each list begins with what a client sends. The others are chosen now and then. */
const METHODS = [
  'GET',
  'get',
  'POST',
  'HEAD',
  'CONNECT',
  'GET\t',
  '\r\nGET',
  ' GET',
  'GETX',
  'PRI',
];
const URLS = [
  '/',
  '/chat?room=1&a=%20',
  '//a/../b;c=1',
  '/:@!$()*+,~-._',
  '*',
  'http://a/b',
  '/#a',
  '/a b',
  '/"<>\\^`{|}',
  '/\x7f',
  '/\xe9',
  '/?a?b#c',
  '',
  '/\t',
  'a',
  '/%zz%',
];
const VERSIONS = [
  'HTTP/1.1',
  'HTTP/1.0',
  'HTTP/1.2',
  'HTTP/2.0',
  'HTTP/0.9',
  'http/1.1',
  'HTTP/11',
  '',
];
const GAPS = [' ', '  ', '\t', '', ' \t '];
const COLONS = [': ', ':', ':\t', ':  \t ', ' : ', ' :', '\t:', '', ':\r\n '];
const ENDS = ['\r\n', ' \r\n', '\t \r\n', '\n', '\r', '\r\r\n', '\n\r\n', '\r\n ', '\0\r\n', ''];
const CONNECTIONS = [
  'Upgrade',
  'keep-alive, Upgrade',
  'upgrade,keep-alive',
  'UPGRADE',
  'close, upgrade',
  'upgrade, close',
  'keep-alive',
  'Upgrade;q=1',
  'upgrade upgrade',
  'keep-alive upgrade',
  ', upgrade',
  'upgrade,',
  'upgraded',
  'xupgrade',
  'keep-alive ,\tUpgrade',
  '',
];
const UPGRADES = ['websocket', 'WebSocket', 'websocket, h2c', 'h2c', 'websocke', 'web socket', ''];
const NAMES = [
  'X-Custom',
  'Cookie',
  'Sec-WebSocket-Protocol',
  'Sec-WebSocket-Extensions',
  'Origin',
  "x-_~!#$%&'*+.^`|",
  'Host',
  'Connection',
  'Upgrade',
  'Sec-WebSocket-Key',
  'Content-Length',
  'Transfer-Encoding',
  'Expect',
  'Proxy-Connection',
  'Keep-Alive',
  'TE',
  'Trailer',
  'HTTP2-Settings',
  '',
  'a b',
  'a(b',
  'a\xe9',
  '__proto__',
];
const VALUES = [
  'a',
  '',
  'a, b; c="d"',
  '\xe9\xff',
  'a  b\tc',
  '0',
  '5',
  'chunked',
  'gzip, chunked',
  '100-continue',
  'upgrade',
  'a\x7fb',
  'a\x01b',
  'a\x0bb',
  '"',
  ':',
];

/**
 * A generator of heads with bytes behind them, as Latin-1.
 *
 * @param {number} seed
 * @returns {() => string}
 */
function heads(seed) {
  const next = random(seed);
  const below = (limit) => Math.floor(next() * limit);
  const rarely = () => next() < 0.04;
  const oneOf = (list) => (rarely() ? list[below(list.length)] : list[0]);
  const any = (list) => list[below(list.length)];
  const line = (name, value) => `${name}${oneOf(COLONS)}${value}${oneOf(ENDS)}`;
  const often = (list) => (next() < 0.8 ? list[below(4)] : any(list));

  return () => {
    const lines = rarely() ? [] : [line('Host', 'a:80')];
    lines.push(line(any(['Connection', 'connection']), often(CONNECTIONS)));
    if (!rarely())
      lines.push(line(any(['Upgrade', 'upgrade']), often([...UPGRADES.slice(0, 2), ...UPGRADES])));
    if (!rarely()) lines.push(line('Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='));
    for (let count = below(4); count > 0; count--) {
      const name = next() < 0.8 ? NAMES[below(6)] : any(NAMES);
      lines.splice(
        below(lines.length + 1),
        0,
        line(name, next() < 0.8 ? VALUES[below(5)] : any(VALUES)),
      );
    }
    if (next() < 0.01) lines.push(...new Array(90 + below(20)).fill('a: b\r\n'));
    const first = [
      oneOf(METHODS),
      oneOf(GAPS),
      often(URLS),
      oneOf(GAPS),
      oneOf(VERSIONS),
      oneOf(ENDS),
    ];
    const rest = next() < 0.3 ? any(['\x81\x80abcd', '\0', 'GET / HTTP/1.1\r\n\r\n', '\r\n']) : '';
    const text = `${first.join('')}${lines.join('')}${oneOf(['\r\n', '\n', '', '\r', ' \r\n'])}${rest}`;
    return next() < 0.1 ? damaged(text) : text;
  };

  /** With a byte changed, added or removed. */
  function damaged(text) {
    const at = below(text.length);
    const byte =
      next() < 0.5 ? any([...' \t\r\n\0:,"#/%\x7f\x80']) : String.fromCharCode(below(256));
    return text.slice(0, at) + any([byte, byte + text[at], '']) + text.slice(at + 1);
  }
}

module.exports = heads;
