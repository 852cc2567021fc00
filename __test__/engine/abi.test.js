'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');

const abi = require('../../lib/internal/engine/abi');
const { ROOT } = require('../support/packing');

/** The names that a copy of a number may have. TEXT is one for EVENT_TEXT. */
const SHARED = new Set(
  Object.keys(abi).flatMap((name) => [name, name.replace(/^(?!MOST|LEAST|NO)[A-Z]+_/, '')]),
);

/** Files below a folder of the repository whose names end in `.EXTENSION`. */
function filesIn(folder, extension) {
  return fs
    .readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(`.${extension}`))
    .map((name) => path.join(folder, name));
}

/** @param {string} file */
function read(file) {
  return fs.readFileSync(path.join(ROOT, file), 'utf8');
}

const scripts = filesIn('lib', 'js');

/** Servers with an SNICallback are Node's, so nothing in lib/ asks the engine for this event. */
const ONLY_OF_THE_ENGINE = ['EVENT_HELLO'];

describe('The numbers that JavaScript and Rust share', () => {
  it('are those of src/binding/abi.rs, with the same names', () => {
    const listed = read('src/binding/abi.rs').matchAll(/^pub const (\w+): u32/gm);
    assert.deepEqual(Object.keys(abi).sort(), Array.from(listed, ([, name]) => name).sort());
  });

  it('are all in use in JavaScript', () => {
    const source = scripts.map(read).join('\n');
    const unused = Object.keys(abi).filter((name) => !new RegExp(`\\b${name}\\b`).test(source));
    assert.deepEqual(unused, ONLY_OF_THE_ENGINE);
  });

  it('exist for every name that JavaScript takes from the list', () => {
    for (const file of scripts) {
      const taken = /const \{([^}]*)\} = require\('[./\w]*\/abi'\)/.exec(read(file));
      for (const name of taken?.[1].match(/\w+/g) ?? []) {
        assert.equal(typeof abi[name], 'number', `${name} in ${file}`);
      }
    }
  });

  it('are stated nowhere else in the binding', () => {
    const others = filesIn('src/binding', 'rs').filter((file) => !file.endsWith('abi.rs'));
    const stating = others.filter((file) => /^(?:pub )?const \w+: u32 = \d/m.test(read(file)));
    assert.deepEqual(stating, []);
  });

  it('are stated nowhere else in JavaScript', () => {
    const copies = scripts.flatMap((file) => {
      const stated = read(file).matchAll(
        /^\s*(?:const )?([A-Z][A-Z\d_]*)(?: =|:) (-?\d[^;,\n]*)/gm,
      );
      const own = Array.from(stated).filter(([, name]) => SHARED.has(name));
      return own.map(([, name, value]) => `${file}: ${name} = ${value}`);
    });
    assert.deepEqual(copies, []);
  });

  it('include every bit: no other file of the engine or a peer shifts bits', () => {
    const folders = ['lib/internal/engine', 'lib/internal/peer', 'lib/internal/topics'];
    const shifts = scripts
      .filter((file) => folders.some((folder) => file.startsWith(folder)))
      .filter((file) => /\d\s*<<|[&|] (?:0x)?\d/.test(read(file)));
    assert.deepEqual(shifts, []);
  });
});
