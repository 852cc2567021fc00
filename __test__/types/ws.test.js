'use strict';

// The types of `websocket-native/ws` beside those of npm ws.

const assert = require('node:assert/strict');
const path = require('node:path');
const { describe, it } = require('node:test');
const ts = require('typescript');

const { errorsOf, exportsOf, options } = require('./compiler');

const ROOT = path.dirname(path.dirname(__dirname));
/** The declarations for CommonJS and for ES modules. */
const OURS = { cjs: 'types/ws/index.d.ts', esm: 'types/ws/index.d.mts' };
const THEIRS = {
  cjs: 'node_modules/@types/ws/index.d.ts',
  esm: 'node_modules/@types/ws/index.d.mts',
};

/**
 * The module resolutions that applications use, and the declarations that each finds. The other
 * tests check the declarations themselves.
 */
const RESOLUTIONS = {
  node16: { finds: 'cjs', skipLibCheck: true },
  node10: {
    finds: 'cjs',
    skipLibCheck: true,
    module: ts.ModuleKind.CommonJS,
    moduleResolution: ts.ModuleResolutionKind.Node10,
  },
  bundler: {
    finds: 'esm',
    skipLibCheck: true,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
  },
};

/** The compiler's errors for files of this folder, with `ws` mapped to some declarations. */
function complaints(declarations, names, more = {}) {
  const files = names.map((name) => path.join(__dirname, 'ws', name));
  const paths = { ws: [path.join(ROOT, declarations)] };
  return errorsOf(ts.createProgram(files, { ...options, ...more, paths }));
}

/** The names that a declaration file exports, and whether each is a value. */
const namesOf = (declarations) => exportsOf(path.join(ROOT, declarations));

const valuesOf = (declarations) =>
  [...namesOf(declarations)]
    .filter(([, isValue]) => isValue)
    .map(([name]) => name)
    .sort();

describe('the types of ws', () => {
  for (const form of ['cjs', 'esm']) {
    it(`have every name of @types/ws: ${form}`, () => {
      const mine = namesOf(OURS[form]);
      const theirs = namesOf(THEIRS[form]);
      assert.ok(theirs.size > 15);
      for (const [name, isValue] of theirs) {
        // As a type, and as a value if theirs is one. In ES modules, theirs calls Server a value.
        assert.ok(mine.has(name), name);
        if (isValue && name !== 'Server') assert.equal(mine.get(name), true, name);
      }
    });
  }

  it('have the values of the module, and no others', async () => {
    const required = require('websocket-native/ws');
    const statics = Object.keys(required).filter((name) => name !== name.toUpperCase());
    const states = ['CLOSED', 'CLOSING', 'CONNECTING', 'OPEN', 'prototype'];
    assert.deepEqual(valuesOf(OURS.cjs), [...statics, ...states].sort());
    assert.deepEqual(valuesOf(OURS.esm), Object.keys(await import('websocket-native/ws')).sort());
  });

  for (const [resolution, { finds, ...more }] of Object.entries(RESOLUTIONS)) {
    it(`accept applications of npm ws, with ${resolution}`, () => {
      // `import x = require()` works in CommonJS only.
      const applications = finds === 'cjs' ? ['application.ts', 'required.ts'] : ['application.ts'];
      for (const names of [applications, ['augmentation.ts']]) {
        assert.deepEqual(complaints(THEIRS[finds], names, more), []);
        assert.deepEqual(complaints(OURS[finds], names, more), []);
      }
    });
  }

  it('accept an ES module of npm ws', () => {
    assert.deepEqual(complaints(THEIRS.esm, ['esm.mts'], { skipLibCheck: true }), []);
    assert.deepEqual(complaints(OURS.esm, ['esm.mts']), []);
  });

  it('accept valid uses of the additions, and refuse invalid ones', () => {
    assert.deepEqual(complaints(OURS.cjs, ['additions.ts']), []);
  });

  it('compile together with the DOM library', () => {
    const lib = ['lib.es2022.d.ts', 'lib.dom.d.ts'];
    assert.deepEqual(complaints(OURS.cjs, ['application.ts', 'additions.ts'], { lib }), []);
  });
});
