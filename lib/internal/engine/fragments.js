'use strict';

/**
 * The fragments of a binary message, as views of its event's payload.
 *
 * @param {Buffer} payload that of EVENT_FRAGMENTS
 * @returns {Buffer[]} those that are not empty
 */
function fragmentsOf(payload) {
  const count = payload.readUInt32LE(0);
  const fragments = [];
  let start = 4 + 4 * count;
  for (let i = 1; i <= count; i++) {
    const end = start + payload.readUInt32LE(4 * i);
    fragments.push(payload.subarray(start, end));
    start = end;
  }
  return fragments;
}

module.exports = fragmentsOf;
