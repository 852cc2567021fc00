'use strict';

const { BlockList, isIP } = require('node:net');
const { inspect } = require('node:util');

const { splitList } = require('./tokens');

/** The names of ranges that Express knows. */
const NAMED = new Map([
  ['loopback', ['127.0.0.0/8', '::1/128']],
  ['linklocal', ['169.254.0.0/16', 'fe80::/10']],
  ['uniquelocal', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']],
]);

const RANGE = /^([^/]+)(?:\/(\d{1,3}))?$/;

/** A longer chain is forged, and each look into a list takes a microsecond. */
const MOST_LISTED = 100;

/** Predicates of lists, by the option. */
const ofStrings = new Map();
const ofArrays = new WeakMap();

/**
 * Whether the peer at an address is a proxy whose X-Forwarded-For is true.
 *
 * @typedef {(address: string, index: number) => unknown} Trust index 0 is the peer of the socket, 1
 *   the last address in X-Forwarded-For
 */

/**
 * @param {any} option `trustProxy`, in a form of Express
 * @returns {Trust}
 * @throws {TypeError | RangeError} if it is none of the forms
 */
function compileTrust(option) {
  if (typeof option === 'function') return option;
  if (typeof option === 'boolean') return () => option;
  if (Number.isInteger(option) && option >= 0) return (_address, index) => index < option;
  if (typeof option === 'string') return cached(ofStrings, option, splitList(option));
  if (Array.isArray(option)) return cached(ofArrays, option, option);
  const Fault = typeof option === 'number' ? RangeError : TypeError;
  throw new Fault(
    `trustProxy must be a boolean, a count, a function or addresses, not ${inspect(option)}.`,
  );
}

/**
 * @param {{ get(key: any): Trust | undefined, set(key: any, trust: Trust): unknown }} cache
 * @param {any} key
 * @param {any[]} members
 */
function cached(cache, key, members) {
  let trust = cache.get(key);
  if (trust === undefined) {
    trust = trustOfRanges(members);
    cache.set(key, trust);
  }
  return trust;
}

/**
 * @param {any[]} members
 * @returns {Trust}
 */
function trustOfRanges(members) {
  const trusted = new BlockList();
  for (const member of members) {
    for (const range of NAMED.get(member) ?? [member]) addRange(trusted, range);
  }
  return (address, index) => {
    const family = index < MOST_LISTED ? isIP(address) : 0;
    return family !== 0 && trusted.check(address, familyName(family));
  };
}

/**
 * @param {BlockList} list
 * @param {any} range an address or a CIDR
 */
function addRange(list, range) {
  const [, address, prefix] = RANGE.exec(String(range)) ?? [];
  const family = isIP(address);
  const bits = family === 6 ? 128 : 32;
  const length = prefix === undefined ? bits : Number(prefix);
  if (family === 0 || length > bits) {
    throw new RangeError(`trustProxy has no such address or range: ${inspect(range)}.`);
  }
  list.addSubnet(address, length, familyName(family));
}

/** @param {number} family 4 or 6 */
function familyName(family) {
  return family === 6 ? 'ipv6' : 'ipv4';
}

/**
 * The address of the client: from the peer of the socket on, the first address that is not a
 * trusted proxy, or the outermost if all are.
 *
 * @param {string[]} addresses X-Forwarded-For and the peer of the socket, in this order
 * @param {any} option `trustProxy`
 */
function clientAddress(addresses, option) {
  const trust = compileTrust(option);
  const last = addresses.length - 1;
  let index = 0;
  while (index < last && trust(addresses[last - index], index)) index++;
  return addresses[last - index];
}

module.exports = { clientAddress, compileTrust };
