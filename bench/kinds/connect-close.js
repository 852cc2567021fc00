'use strict';

const { certificate } = require('../certificate');
const { LISTENERS, OURS } = require('../peers');
const { loadServer } = require('../turn');

const FORM = /^(tls-)?connect-close(?:-([1-9]\d*))?(?:-(rsa|resumed))?$/;
const AT_ONCE = 32;
const MIB = 1024 * 1024;

/**
 * Connections from the TCP handshake to the end of the stream, with both close frames and without a
 * message: connect-close, 32 of them at a time, or connect-close-NUMBER. tls-connect-close has full
 * handshakes with a key of ECDSA P-256; `-rsa` with one of RSA 2048. With `-resumed`, a handshake
 * resumes a session if the client has a ticket, and uses each ticket once, as browsers do.
 */
module.exports = {
  cells: [
    'connect-close',
    'tls-connect-close',
    'tls-connect-close-rsa',
    'tls-connect-close-resumed',
  ],

  parse(name) {
    const match = FORM.exec(name);
    if (!match || (match[3] && !match[1])) return undefined;
    const handshake = match[1] && (match[3] ?? 'ecdsa');
    return { connections: Number(match[2] ?? AT_ONCE), size: 0, handshake, unit: 'connection' };
  },

  peers: ({ handshake }) =>
    handshake
      ? ['websocket', 'ws', 'uws', 'native', 'native-ws', ...LISTENERS]
      : ['websocket', 'ws', 'uws', ...OURS, ...LISTENERS],

  setUpSeconds: () => 0,

  async measure(peer, cell, options) {
    const { handshake } = cell;
    const tls = handshake && certificate(handshake === 'rsa' ? 'rsa' : 'ec');
    const settings = { handler: 'echo', maxPayload: MIB, tls };
    const resumes = handshake === 'resumed' ? 'yes' : undefined;
    const flags = { certificate: tls?.cert, resumes };
    const figures = await loadServer({ peer, cell, settings, mode: 'churn', flags }, options);
    if (resumes && !figures.resumed) throw new Error('the server resumed no session');
    return figures;
  },
};
