'use strict';

// What the tests of types ask the TypeScript compiler.

const path = require('node:path');
const ts = require('typescript');

const { config } = ts.readConfigFile(path.join(__dirname, 'tsconfig.json'), ts.sys.readFile);
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, __dirname);

/** The compiler's errors. */
function errorsOf(program) {
  return ts
    .getPreEmitDiagnostics(program)
    .map(
      (each) => `${each.file?.fileName}: ${ts.flattenDiagnosticMessageText(each.messageText, ' ')}`,
    );
}

/** The names that a declaration file exports, and whether each is a value. */
function exportsOf(file) {
  const program = ts.createProgram([file], options);
  const checker = program.getTypeChecker();
  const symbol = checker.getSymbolAtLocation(program.getSourceFile(file));
  const names = new Map();
  for (const exported of checker.getExportsOfModule(symbol)) {
    const target =
      exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    names.set(exported.name, Boolean(target.flags & ts.SymbolFlags.Value));
  }
  return names;
}

module.exports = { errorsOf, exportsOf, options };
