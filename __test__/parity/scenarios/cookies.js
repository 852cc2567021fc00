'use strict';

/** A request that is accepted with cookies, or refused for them. */
async function withCookies(t, cookies) {
  const server = await t.server();
  const lane = t.watchServer(server.ws);
  server.ws.on('request', (request) => {
    t.watchRequest(request);
    const connection = lane.call('accept', () => request.accept(null, null, cookies));
    if (connection) t.watch(connection);
  });
  const peer = t.dial(server.port);
  await peer.head;
  if (server.ws.connections.length > 0) await t.farewell(peer);
  await peer.seen('gone');
}

/** For each of these the server answers 500, and the caller gets an exception. */
const REFUSED = {
  'cookies that are no array': { name: 'a', value: 'b' },
  'a cookie without a name': [{ value: 'b' }],
  'a cookie without a value': [{ name: 'a' }],
  'a cookie with an empty value': [{ name: 'a', value: '' }],
  'a cookie that is there twice': [
    { name: 'a', value: '1' },
    { name: 'a', value: '2' },
  ],
  'a cookie name with an illegal character': [{ name: 'a=b', value: '1' }],
  'a cookie name with DEL in it': [{ name: 'a\x7f', value: '1' }],
  'a cookie value with an illegal character': [{ name: 'a', value: 'one,two' }],
  'a quoted cookie value with an illegal character': [{ name: 'a', value: '"one\\two"' }],
  'a cookie path with a control character': [{ name: 'a', value: '1', path: '/x\ny' }],
  'a cookie path with a semicolon': [{ name: 'a', value: '1', path: '/;Secure' }],
  'a cookie domain that is no string': [{ name: 'a', value: '1', domain: 7 }],
  'a cookie domain with an illegal character': [{ name: 'a', value: '1', domain: 'a;b' }],
  'a cookie expiry that is no Date': [{ name: 'a', value: '1', expires: '2030-01-01' }],
  'a cookie age that is no number': [{ name: 'a', value: '1', maxage: 'soon' }],
  'a cookie age below zero': [{ name: 'a', value: '1', maxage: -1 }],
  'a cookie with secure that is no boolean': [{ name: 'a', value: '1', secure: 'yes' }],
  'a cookie with httponly that is no boolean': [{ name: 'a', value: '1', httponly: 1 }],
};

module.exports = [
  {
    name: 'cookies are set with every attribute',
    run: (t) =>
      withCookies(t, [
        { name: 'plain', value: 'x' },
        {
          name: 'full',
          value: '"quoted"',
          path: '/chat room',
          domain: 'Example.ORG',
          expires: new Date(Date.UTC(2030, 0, 2, 3, 4, 5)),
          maxage: 3600.4,
          secure: true,
          httponly: true,
        },
        { name: 'text', value: 'age', maxage: '60', secure: false, httponly: false },
      ]),
    adopts: false,
  },
  {
    name: 'cookies are cleaned of control characters',
    run: (t) => withCookies(t, [{ name: 'na\r\nme', value: 'a\r\nb;c d' }]),
  },
  {
    name: "the caller's cookies after they were cleaned",
    async run(t) {
      const cookies = [{ name: 'a\n', value: 'b;' }];
      await withCookies(t, cookies);
      t.lane('caller').add('cookies', cookies);
    },
    differs: [
      {
        row: 'callersObjects',
        lane: 'caller',
        upstream: [['cookies', [{ name: 'a', value: 'b' }]]],
        ours: [['cookies', [{ name: 'a\n', value: 'b;' }]]],
      },
    ],
  },
  {
    name: 'an empty list of cookies sets none',
    run: (t) => withCookies(t, []),
  },
  {
    name: 'a cookie age of zero is left out',
    run: (t) => withCookies(t, [{ name: 'a', value: '1', maxage: 0 }]),
  },
  ...Object.entries(REFUSED).map(([name, cookies]) => ({
    name: `refused: ${name}`,
    adopts: false,
    run: (t) => withCookies(t, cookies),
  })),
];
