'use strict';

/**
 * Takes the payload of an EVENT_FRAGMENTS apart: a count, that many lengths, and then the bytes of
 * the fragments.
 *
 * @param {Buffer} payload
 * @returns {Buffer[]} the fragments, as views of it
 */
function splitFragments(payload) {
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

module.exports = splitFragments;
