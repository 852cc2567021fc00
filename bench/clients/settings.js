'use strict';

const { connections, inFlight, size } = JSON.parse(process.argv[2]);
const url = `ws://127.0.0.1:${process.argv[3]}/`;

/** The text that the server expects and sends. */
const text = 'abcdefghijklmnopqrstuvwxyz'.repeat(Math.ceil(size / 26)).slice(0, size);

/** A connection that ends is an error, and ends the measurement. */
function fail(why) {
  console.error(`a client's connection ended: ${why}`);
  process.exit(1);
}

module.exports = { connections, fail, inFlight, text, url };
