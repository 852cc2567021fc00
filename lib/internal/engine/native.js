'use strict';

// Loads the addon. Bundlers can't put a binary into a bundle, so no `require` here names it
// literally. The code finds the addon at run time, in the package as in a bundle.

const fs = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');

/** The platforms that have a package, by the names of their folders. */
const PLATFORMS = /** @type {const} */ ([
  'darwin-arm64',
  'darwin-x64',
  'linux-arm64-gnu',
  'linux-arm64-musl',
  'linux-x64-gnu',
  'linux-x64-musl',
  'win32-arm64-msvc',
  'win32-x64-msvc',
]);

/** The names under which applications install this package. */
const INSTALLED_AS = ['websocket-native', 'websocket'];

/** @type {typeof import('../../../binding')} */
module.exports = load();

function load() {
  const failures = [];
  for (const attempt of attempts()) {
    try {
      return attempt();
    } catch (error) {
      failures.push(error);
    }
  }
  throw notLoaded(failures);
}

// Tools that copy the files of an application, such as ncc and nft, find the addon by reading the
// two functions below. So the paths are literal. Each is evaluated only when it is needed: in a
// bundle that is an ES module, paths that ncc has not replaced throw.

/**
 * The addon that was built in a clone.
 *
 * @param {(typeof PLATFORMS)[number]} name
 */
function fileInPackage(name) {
  switch (name) {
    case 'darwin-arm64':
      return path.join(__dirname, '../../../websocket-native.darwin-arm64.node');
    case 'darwin-x64':
      return path.join(__dirname, '../../../websocket-native.darwin-x64.node');
    case 'linux-arm64-gnu':
      return path.join(__dirname, '../../../websocket-native.linux-arm64-gnu.node');
    case 'linux-arm64-musl':
      return path.join(__dirname, '../../../websocket-native.linux-arm64-musl.node');
    case 'linux-x64-gnu':
      return path.join(__dirname, '../../../websocket-native.linux-x64-gnu.node');
    case 'linux-x64-musl':
      return path.join(__dirname, '../../../websocket-native.linux-x64-musl.node');
    case 'win32-arm64-msvc':
      return path.join(__dirname, '../../../websocket-native.win32-arm64-msvc.node');
    case 'win32-x64-msvc':
      return path.join(__dirname, '../../../websocket-native.win32-x64-msvc.node');
  }
}

/**
 * The addon in the platform package, which installers put beside this package.
 *
 * @param {(typeof PLATFORMS)[number]} name
 */
function fileBesidePackage(name) {
  switch (name) {
    case 'darwin-arm64':
      return path.join(
        __dirname,
        '../../../../websocket-native-darwin-arm64/websocket-native.darwin-arm64.node',
      );
    case 'darwin-x64':
      return path.join(
        __dirname,
        '../../../../websocket-native-darwin-x64/websocket-native.darwin-x64.node',
      );
    case 'linux-arm64-gnu':
      return path.join(
        __dirname,
        '../../../../websocket-native-linux-arm64-gnu/websocket-native.linux-arm64-gnu.node',
      );
    case 'linux-arm64-musl':
      return path.join(
        __dirname,
        '../../../../websocket-native-linux-arm64-musl/websocket-native.linux-arm64-musl.node',
      );
    case 'linux-x64-gnu':
      return path.join(
        __dirname,
        '../../../../websocket-native-linux-x64-gnu/websocket-native.linux-x64-gnu.node',
      );
    case 'linux-x64-musl':
      return path.join(
        __dirname,
        '../../../../websocket-native-linux-x64-musl/websocket-native.linux-x64-musl.node',
      );
    case 'win32-arm64-msvc':
      return path.join(
        __dirname,
        '../../../../websocket-native-win32-arm64-msvc/websocket-native.win32-arm64-msvc.node',
      );
    case 'win32-x64-msvc':
      return path.join(
        __dirname,
        '../../../../websocket-native-win32-x64-msvc/websocket-native.win32-x64-msvc.node',
      );
  }
}

/** Ways to load the addon, best first. Each throws if it fails. */
function* attempts() {
  const [here, program] = starts();
  const chosen = process.env.NAPI_RS_NATIVE_LIBRARY_PATH;
  if (chosen) {
    yield () => here(chosen);
    return;
  }
  for (const name of platforms()) {
    yield () => here(fileInPackage(name));
    yield () => here(fileBesidePackage(name));
    for (const start of [here, program]) {
      // Beside a bundle, where someone has copied it.
      yield () => start(`./websocket-native.${name}.node`);
      yield () => start(`websocket-native-${name}`);
      // Some installers let only this package see its platform package, but not a bundle.
      for (const own of INSTALLED_AS) {
        yield () => requireOf(start, own)(`websocket-native-${name}`);
        yield () => requireOf(start, own)(`./websocket-native.${name}.node`);
      }
    }
  }
}

/**
 * The `require` of an installed package.
 *
 * @param {NodeJS.Require} start
 * @param {string} name
 */
function requireOf(start, name) {
  return createRequire(start.resolve(`${name}/package.json`));
}

/** The `require` of this file and that of the program. In an ES module both are the program's. */
function starts() {
  const program = path.resolve(process.argv[1] ?? process.execPath);
  const here = typeof __filename === 'string' ? __filename : program;
  return [createRequire(here), createRequire(program)];
}

/** The platform packages for this machine. On Linux both are tried, the likelier one first. */
function platforms() {
  const machine = `${process.platform}-${process.arch}-`;
  const names = PLATFORMS.filter((name) => `${name}-`.startsWith(machine));
  return names.length > 1 && isMusl() ? names.reverse() : names;
}

function isMusl() {
  try {
    return fs.readFileSync('/usr/bin/ldd', 'latin1').includes('musl');
  } catch {
    const cpu = process.arch === 'x64' ? 'x86_64' : 'aarch64';
    return fs.existsSync(`/lib/ld-musl-${cpu}.so.1`);
  }
}

/** @param {any[]} failures */
function notLoaded(failures) {
  // An addon that exists but can't be loaded explains more than the places without one.
  const cause =
    failures.find((error) => error.code === 'ERR_DLOPEN_FAILED') ??
    failures.find((error) => error.code === 'MODULE_NOT_FOUND');
  const [reason] = (cause?.message ?? 'there is no platform package').split('\n');
  return new Error(
    `websocket-native has no binary for ${process.platform}-${process.arch} ` +
      `(Node ${process.version}, Node-API ${process.versions.napi}). ` +
      'Reinstall it without omitting optional dependencies, or build it from a clone of the repository ' +
      'with a Rust toolchain: npm install && npm run build. Programs from a bundler need the platform ' +
      `package, or its file beside the bundle: see docs/bundlers.md. The loader said: ${reason}`,
    { cause },
  );
}
