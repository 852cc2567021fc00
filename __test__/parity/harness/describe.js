'use strict';

const { createHash } = require('node:crypto');
const { EventEmitter } = require('node:events');

const LONG_TEXT = 256;
const LONG_BYTES = 64;

/**
 * Replaces values that differ between any two runs, such as ports and random keys. A scenario
 * registers them, and the trace shows their names. Nothing else changes a trace.
 */
class Normaliser {
  #hidden = [];

  hide(literal, name) {
    this.#hidden.push([String(literal), name]);
  }

  text(value) {
    let text = value;
    for (const [literal, name] of this.#hidden) text = text.replaceAll(literal, `<${name}>`);
    return text;
  }
}

const digest = (bytes) => createHash('sha1').update(bytes).digest('hex').slice(0, 12);

function describeBytes(value) {
  const bytes = ArrayBuffer.isView(value)
    ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    : Buffer.from(value);
  const content = bytes.length > LONG_BYTES ? `sha1 ${digest(bytes)}` : bytes.toString('hex');
  return `${value.constructor.name}(${bytes.length}) ${content}`.trim();
}

function describeText(value, normaliser) {
  if (value.length > LONG_TEXT) return `text(${value.length}) sha1 ${digest(value)}`;
  return normaliser.text(value);
}

function describeError(error, normaliser) {
  const described = { error: error.name, message: normaliser.text(error.message) };
  for (const field of ['code', 'syscall', 'httpCode', 'headers']) {
    if (error[field] !== undefined) described[field] = error[field];
  }
  return described;
}

function describeObject(value, normaliser) {
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return `[${value.constructor.name}]`;
  const described = {};
  for (const [name, member] of Object.entries(value)) {
    described[name] = describe(member, normaliser);
  }
  return described;
}

/** The value as JSON that two processes can compare. Words describe what JSON would lose. */
function describe(value, normaliser) {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'string') return describeText(value, normaliser);
  if (typeof value === 'number') return Number.isFinite(value) ? value : `(${value})`;
  if (typeof value !== 'object') return `(${typeof value})`;
  if (Array.isArray(value)) return value.map((member) => describe(member, normaliser));
  if (value instanceof Error) return describeError(value, normaliser);
  if (value instanceof EventEmitter) return `[${value.constructor.name}]`;
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return describeBytes(value);
  if (value instanceof RegExp) return String(value);
  if (value instanceof Date) return value.toISOString();
  return describeObject(value, normaliser);
}

module.exports = { Normaliser, describe };
