'use strict';

/** Records the fields that a request derives from its headers, and rejects it. */
async function inspect(t, headers, read, config, dial = {}) {
  const server = await t.server(config);
  const lane = t.watchServer(server.ws);
  server.ws.on('request', (request) => {
    read(request, lane);
    request.reject(404);
  });
  await t.dial(server.port, { headers, ...dial }).seen('gone');
}

const addresses = (request, lane) =>
  lane.add('addresses', request.remoteAddress, request.remoteAddresses);

const cookies = (request, lane) => lane.add('cookies', request.cookies);

module.exports = [
  {
    name: 'X-Forwarded-For comes before the address of the socket',
    adopts: false,
    run: (t) => inspect(t, { 'X-Forwarded-For': '198.51.100.1' }, addresses),
  },
  {
    name: 'X-Forwarded-For with several addresses, spaced unevenly',
    adopts: false,
    run: (t) =>
      inspect(t, { 'X-Forwarded-For': '198.51.100.1,  2001:db8::1 ,10.0.0.9' }, addresses),
  },
  {
    name: 'ignoreXForwardedFor leaves the address of the socket',
    adopts: false,
    run: (t) =>
      inspect(t, { 'X-Forwarded-For': '198.51.100.1' }, addresses, { ignoreXForwardedFor: true }),
  },
  {
    name: 'an accepted connection has the addresses of its request',
    async run(t) {
      const { connection, peer } = await t.accepted({
        dial: { headers: { 'X-Forwarded-For': '198.51.100.1, 198.51.100.2' } },
      });
      t.lane().add('addresses', connection.remoteAddress, connection.remoteAddresses);
      t.lane().add('socket', connection.socket.remoteAddress);
      await t.farewell(peer);
    },
  },
  {
    name: 'cookies are split, trimmed, unquoted and decoded',
    adopts: false,
    run: (t) =>
      inspect(
        t,
        {
          Cookie: 'a=1; b = two ;c="quoted value"; d=%C3%A4%20%3B; flag; e=x=y, f=comma; =none; g=',
        },
        cookies,
      ),
  },
  {
    name: 'a cookie whose percent encoding is broken',
    adopts: false,
    run: (t) => inspect(t, { Cookie: 'a=1; bad=%zz; b=2' }, cookies),
    differs: [
      {
        row: 'malformedCookie',
        lane: 'server',
        upstream: [['upgradeError', { error: 'URIError', message: 'URI malformed' }]],
        ours: [
          [
            'cookies',
            [
              { name: 'a', value: '1' },
              { name: 'bad', value: '%zz' },
              { name: 'b', value: '2' },
            ],
          ],
        ],
      },
      {
        row: 'malformedCookie',
        lane: 'peer',
        upstream: [
          [
            'head',
            [
              'HTTP/1.1 400 Bad Request',
              'Connection: close',
              'X-WebSocket-Reject-Reason: URI malformed',
            ],
          ],
        ],
        ours: [['head', ['HTTP/1.1 404 Not Found', 'Connection: close']]],
      },
    ],
  },
  {
    name: 'escapes of every length in cookies',
    adopts: false,
    run: (t) =>
      inspect(
        t,
        {
          Cookie: 'a=%41%7F; b=%C3%A4%c2%80; c="%E2%82%AC%ef%bf%bf"; d=%F0%9F%98%80x; %41=%25; e=+',
        },
        cookies,
      ),
  },
  {
    name: 'malformed escapes in a query',
    adopts: false,
    run: (t) =>
      inspect(
        t,
        {},
        (request, lane) => lane.add('query', { ...request.resourceURL.query }),
        {},
        {
          path: '/?a=%&b=%C3%28&%FF=%E4+x&c=%41+%2B&c=100%25&=%&d',
        },
      ),
  },
  {
    name: 'parseCookies and parseExtensions can be switched off',
    adopts: false,
    run: (t) =>
      inspect(
        t,
        { Cookie: 'a=1', 'Sec-WebSocket-Extensions': 'permessage-foo' },
        (request, lane) => lane.add('parsed', request.cookies, request.requestedExtensions),
        { parseCookies: false, parseExtensions: false },
      ),
  },
  {
    name: 'requested extensions come in lower case with their parameters',
    adopts: false,
    run: (t) =>
      inspect(
        t,
        { 'Sec-WebSocket-Extensions': 'X-One; Alpha=1; beta;Gamma="q", x-two,x-three; =v' },
        (request, lane) => lane.add('extensions', request.requestedExtensions),
      ),
  },
  {
    name: 'requested protocols keep their order, their repetitions and their spelling',
    adopts: false,
    run: (t) =>
      inspect(t, { 'Sec-WebSocket-Protocol': 'B,a,  C,b' }, (request, lane) =>
        lane.add('protocols', request.requestedProtocols, request.protocolFullCaseMap),
      ),
  },
  {
    name: 'spaces before the commas of protocols and extensions',
    adopts: false,
    run: (t) =>
      inspect(
        t,
        { 'Sec-WebSocket-Protocol': 'a , b', 'Sec-WebSocket-Extensions': 'x , y' },
        (request, lane) => {
          lane.add('protocols', request.requestedProtocols);
          lane.add(
            'extensions',
            request.requestedExtensions.map(({ name }) => name),
          );
        },
      ),
    differs: [
      {
        row: 'headerSpaces',
        lane: 'server',
        upstream: [
          ['protocols', ['a ', 'b']],
          ['extensions', ['x ', 'y']],
        ],
        ours: [
          ['protocols', ['a', 'b']],
          ['extensions', ['x', 'y']],
        ],
      },
    ],
  },
  {
    name: 'version 13 takes the origin of Origin only',
    adopts: false,
    run: (t) =>
      inspect(t, { 'Sec-WebSocket-Origin': 'http://old.example' }, (request, lane) =>
        lane.add('origin', request.origin),
      ),
  },
];
