'use strict';

const fs = require('node:fs');

/** From the runner; `ca` is the path of the server's certificate if it speaks TLS. */
const { connections, inFlight, size, ca } = JSON.parse(process.argv[2]);
const url = `${ca ? 'wss' : 'ws'}://127.0.0.1:${process.argv[3]}/`;

/** What a client trusts, as an option of Node's `tls`. */
const trust = ca ? { ca: fs.readFileSync(ca) } : {};

/** The text that the server expects and sends. */
const text = 'abcdefghijklmnopqrstuvwxyz'.repeat(Math.ceil(size / 26)).slice(0, size);

/** A connection that ends is an error, and ends the measurement. */
function fail(why) {
  console.error(`a client's connection ended: ${why}`);
  process.exit(1);
}

module.exports = { connections, fail, inFlight, text, trust, url };
