'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');

const LIB = path.join(__dirname, '../lib');

/** The areas that both APIs use. */
const SHARED = [
  'internal/topics',
  'internal/peer',
  'internal/client',
  'internal/transport',
  'internal/tls',
  'internal/handshake',
  'internal/engine',
  'internal/util',
];

/**
 * The areas of lib, and the other areas that each may require. The API of npm `websocket` consists
 * of the files directly in lib and internal/websocket, that of npm `ws` of those in ws. The servers
 * of websocket-native/http and /https are in http.
 */
const BELOW = {
  ws: ['internal/listener', ...SHARED],
  http: ['internal/listener', ...SHARED],
  api: ['internal/websocket', ...SHARED],
  'internal/websocket': SHARED,
  'internal/topics': ['internal/peer', 'internal/transport', 'internal/engine', 'internal/util'],
  'internal/listener': ['internal/transport', 'internal/tls', 'internal/engine', 'internal/util'],
  'internal/peer': ['internal/transport', 'internal/engine', 'internal/util'],
  'internal/client': ['internal/transport', 'internal/tls', 'internal/engine', 'internal/util'],
  'internal/transport': ['internal/tls', 'internal/engine', 'internal/util'],
  'internal/tls': ['internal/engine', 'internal/util'],
  'internal/handshake': ['internal/engine', 'internal/util'],
  'internal/engine': ['internal/util'],
  'internal/util': [],
};

/** The file that loads the addon. */
const ADDON = 'internal/engine/native.js';

/** The files of lib by their paths, each with the files of lib that it requires. */
const requires = new Map(filesIn(LIB).map((file) => [path.relative(LIB, file), requiredBy(file)]));

/** @param {string} folder */
function filesIn(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(folder, entry.name);
    if (entry.isDirectory()) return filesIn(name);
    return name.endsWith('.js') ? [name] : [];
  });
}

/**
 * Imports of types in comments do not count, because types may point anywhere.
 *
 * @param {string} file
 */
function requiredBy(file) {
  const source = fs.readFileSync(file, 'utf8').replace(/\/\*.*?\*\//gs, '');
  return Array.from(source.matchAll(/\brequire\('(\.[^']*)'\)/g), ([, name]) =>
    path.relative(LIB, require.resolve(path.resolve(path.dirname(file), name))),
  );
}

/** @param {string} file a path in lib */
function areaOf(file) {
  const [first, second, ...rest] = file.split(path.sep);
  if (second === undefined) return 'api';
  return rest.length === 0 ? first : `${first}/${second}`;
}

/** @returns {string[]} each as 'from → to', where `isFault` holds */
function arrows(isFault) {
  return [...requires].flatMap(([from, targets]) =>
    targets.filter((to) => isFault(from, to)).map((to) => `${from} → ${to}`),
  );
}

describe('The files of lib', () => {
  it('are in known areas', () => {
    const strangers = [...requires.keys()].filter((file) => !(areaOf(file) in BELOW));
    assert.deepEqual(strangers, []);
  });

  it('require only what is in their own area or below it', () => {
    const isFault = (from, to) =>
      areaOf(from) !== areaOf(to) && !BELOW[areaOf(from)].includes(areaOf(to));
    assert.deepEqual(arrows(isFault), []);
  });

  it('require one another without cycles', () => {
    // Removes files that require no remaining file, until only cycles remain.
    const left = new Map(requires);
    for (let size = -1; size !== left.size; ) {
      size = left.size;
      for (const [file, targets] of left) {
        if (targets.every((target) => !left.has(target))) left.delete(file);
      }
    }
    assert.deepEqual([...left.keys()], []);
  });

  it('load the addon only in internal/engine', () => {
    const isFault = (from, to) => to === ADDON && areaOf(from) !== 'internal/engine';
    assert.deepEqual(arrows(isFault), []);
    const loaders = filesIn(LIB).filter((file) =>
      /createRequire|process\.dlopen|\.node'/.test(fs.readFileSync(file, 'utf8')),
    );
    assert.deepEqual(
      loaders.map((file) => path.relative(LIB, file)),
      [ADDON],
    );
  });
});
