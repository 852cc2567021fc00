'use strict';

const assert = require('node:assert/strict');
const { EventEmitter } = require('node:events');
const path = require('node:path');
const { describe, it } = require('node:test');
const ts = require('typescript');

const { errorsOf, exportsOf, options } = require('./compiler');

const ROOT = path.dirname(path.dirname(__dirname));
const OURS = path.join(ROOT, 'index.d.ts');
const THEIRS = require.resolve('@types/websocket/index.d.ts');

/** The files that must compile with their types and with ours, grouped by program. */
const FOR_NPM_WEBSOCKET = {
  'an application': [
    'application.ts',
    'callbacks.ts',
    'handlers.ts',
    'defaults.ts',
    'required.ts',
    'subclasses.ts',
  ],
  'what extends the types': ['augmentation.ts', 'augmentation.w3c.ts'],
};

/** The module resolutions that applications use. */
const RESOLUTIONS = {
  node16: {},
  node10: {
    module: ts.ModuleKind.CommonJS,
    moduleResolution: ts.ModuleResolutionKind.Node10,
  },
  bundler: {
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
  },
};

/** The compiler's errors for files of this folder, with `websocket` mapped to `types`. */
function complaints(types, names, more = {}) {
  const files = names.map((name) => path.join(__dirname, name));
  const program = ts.createProgram(files, { ...options, ...more, paths: { websocket: [types] } });
  return errorsOf(program);
}

/** The names of the methods that a class declares itself. */
function methodsOf(file, name) {
  const program = ts.createProgram([file], options);
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(file));
  const exported = checker.getExportsOfModule(module).find((each) => each.name === name);
  const target =
    exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
  return [...target.members.values()]
    .filter((member) => member.flags & ts.SymbolFlags.Method)
    .map((member) => member.name);
}

describe('index.d.ts', () => {
  it('exports every name of @types/websocket, values as values', () => {
    const mine = exportsOf(OURS);
    const theirs = exportsOf(THEIRS);
    assert.ok(theirs.size > 20);
    for (const [name, isValue] of theirs) assert.equal(mine.get(name), isValue, name);
  });

  it('exports the values that the package has, and no others', () => {
    const values = [...exportsOf(OURS)].filter(([, isValue]) => isValue).map(([name]) => name);
    assert.deepEqual(values.sort(), Object.keys(require('../..')).sort());
  });

  for (const [name, Class] of Object.entries(require('../..'))) {
    if (typeof Class !== 'function') continue;

    it(`declares the public methods that ${name} has, and no others`, () => {
      const declared = methodsOf(OURS, name).filter(
        (method) => !method.startsWith('_') && !Object.hasOwn(EventEmitter.prototype, method),
      );
      const actual = Object.getOwnPropertyNames(Class.prototype).filter((method) => {
        const { value } = Object.getOwnPropertyDescriptor(Class.prototype, method);
        return typeof value === 'function' && method !== 'constructor' && !method.startsWith('_');
      });
      assert.deepEqual(declared.sort(), actual.sort());
    });
  }

  for (const [resolution, more] of Object.entries(RESOLUTIONS)) {
    for (const [what, all] of Object.entries(FOR_NPM_WEBSOCKET)) {
      it(`accepts ${what} written for npm websocket, with ${resolution}`, () => {
        // `import x = require()` works in CommonJS only.
        const files = all.filter((file) => resolution !== 'bundler' || file !== 'required.ts');
        assert.deepEqual(complaints(THEIRS, files, more), []);
        assert.deepEqual(complaints(OURS, files, more), []);
      });
    }
  }

  it('declares the methods of its events in each class, so that a `declare module` hides none', () => {
    for (const name of ['client', 'connection', 'request', 'server']) {
      const own = methodsOf(OURS, name);
      for (const method of ['on', 'once', 'addListener', 'off', 'removeListener', 'emit']) {
        assert.ok(own.includes(method), `${name}.${method}`);
      }
    }
  });

  it('accepts valid uses of the additions, and refuses invalid ones', () => {
    assert.deepEqual(complaints(OURS, ['additions.ts', 'esm.mts']), []);
  });

  it('compiles together with the DOM library', () => {
    const file = path.join(__dirname, 'additions.ts');
    const dom = { ...options, lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'] };
    const found = ts.getPreEmitDiagnostics(ts.createProgram([file], dom));
    assert.deepEqual(
      found.map((each) => ts.flattenDiagnosticMessageText(each.messageText, ' ')),
      [],
    );
  });
});
