'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');

const { ROOT } = require('../support/packing');

const FOLDER = path.join(ROOT, 'lib/internal/engine');

/**
 * What of this package a file imports.
 *
 * @param {string} file
 * @returns {string[]} paths without `.js`
 */
function importsOf(file) {
  const source = fs.readFileSync(`${file}.js`, 'utf8');
  const found = source.matchAll(/require\('(\.[^']*)'\)/g);
  return Array.from(found, ([, name]) => path.join(path.dirname(file), name));
}

const files = fs.readdirSync(FOLDER).map((name) => path.join(FOLDER, path.parse(name).name));

describe('The files of lib/internal/engine', () => {
  it('import one another without a cycle', () => {
    const done = new Set();
    const visit = (file, way) => {
      assert.ok(!way.includes(file), `a cycle: ${[...way, file].map(relative).join(' → ')}`);
      if (done.has(file) || !files.includes(file)) return;
      for (const imported of importsOf(file)) visit(imported, [...way, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
  });

  it('import nothing else, but what has no state', () => {
    const allowed = ['lib/internal/util/arguments', 'lib/utils'];
    const others = files.flatMap(importsOf).filter((imported) => !files.includes(imported));
    assert.deepEqual([...new Set(others.map(relative))].sort(), allowed);
  });

  it('are the only ones that load the addon', () => {
    const loading = fs
      .readdirSync(path.join(ROOT, 'lib'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.js'))
      .filter((name) =>
        fs.readFileSync(path.join(ROOT, 'lib', name), 'utf8').includes('createRequire'),
      );
    assert.deepEqual(loading, ['internal/engine/native.js']);
  });
});

/** @param {string} file */
function relative(file) {
  return path.relative(ROOT, file);
}
