'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const {
  ROOT,
  application,
  builtAddon,
  manifest,
  node,
  pack,
  packPlatform,
} = require('./support/packing');

const EXPORTS = [
  'client',
  'connection',
  'deprecation',
  'frame',
  'request',
  'router',
  'server',
  'version',
  'w3cwebsocket',
];

describe('package.json', () => {
  it('has no runtime dependencies', () => {
    assert.deepEqual(manifest.dependencies ?? {}, {});
    assert.deepEqual(manifest.peerDependencies ?? {}, {});
  });

  // `napi pre-publish` adds them. If they stayed, a clone could be installed only after they are on
  // the registry.
  it('lists the platform packages only while it is published', () => {
    assert.equal(manifest.optionalDependencies, undefined);
  });

  it('runs no scripts when it is installed from the registry', () => {
    for (const script of ['preinstall', 'install', 'postinstall']) {
      assert.equal(manifest.scripts[script], undefined, script);
    }
    // npm treats a binding.gyp as an install script.
    assert.equal(fs.existsSync(path.join(ROOT, 'binding.gyp')), false);
  });

  it('has the version of the crate', () => {
    const crate = fs.readFileSync(path.join(ROOT, 'Cargo.toml'), 'utf8');
    assert.equal(/^version = "(.+)"$/m.exec(crate)[1], manifest.version);
  });
});

describe('platform packages', () => {
  for (const triple of manifest.napi.targets) {
    it(`${triple} has a manifest that selects it and nothing else`, () => {
      const { folder, platform, arch, libc } = platformOf(triple);
      const own = readJson(path.join(ROOT, 'npm', folder, 'package.json'));
      const binary = `${manifest.napi.binaryName}.${folder}.node`;
      assert.equal(own.name, `${manifest.name}-${folder}`);
      assert.equal(own.version, manifest.version);
      assert.equal(own.license, manifest.license);
      assert.deepEqual(own.engines, manifest.engines);
      assert.equal(own.main, binary);
      assert.deepEqual(own.files, [binary]);
      assert.deepEqual(own.os, [platform]);
      assert.deepEqual(own.cpu, [arch]);
      assert.deepEqual(own.libc, libc && [libc]);
      assert.equal(own.scripts, undefined);
    });
  }

  it('are all required by the loader, in a form that bundlers understand', () => {
    const source = fs.readFileSync(path.join(ROOT, 'lib/internal/engine/native.js'), 'utf8');
    for (const { folder } of manifest.napi.targets.map(platformOf)) {
      const binary = `${manifest.napi.binaryName}.${folder}.node`;
      assert.ok(source.includes(`'${folder}'`), folder);
      assert.ok(source.includes(`'../../../${binary}'`), folder);
      assert.ok(source.includes(`'../../../../${manifest.name}-${folder}/${binary}'`), folder);
    }
  });

  it('are those of the napi targets, and no others', () => {
    const folders = fs.readdirSync(path.join(ROOT, 'npm'), { withFileTypes: true });
    assert.deepEqual(
      folders
        .filter((entry) => entry.isDirectory() && entry.name !== 'ws')
        .map((entry) => entry.name)
        .sort(),
      manifest.napi.targets.map((triple) => platformOf(triple).folder).sort(),
    );
  });
});

describe('the companion package for ws', () => {
  const own = readJson(path.join(ROOT, 'npm', 'ws', 'package.json'));

  it('depends on this release alone, and has major and minor version of the ws that it replaces', () => {
    assert.deepEqual(own.dependencies, { [manifest.name]: manifest.version });
    const theirs = readJson(require.resolve('ws/package.json'));
    const [mine, others] = [own, theirs].map(({ version }) => version.split('.').slice(0, 2));
    assert.deepEqual(mine, others);
    assert.equal(own.license, manifest.license);
    assert.deepEqual(own.engines, manifest.engines);
    assert.equal(own.scripts, undefined);
  });

  it('has the files that it names, and no others', () => {
    const names = fs.readdirSync(path.join(ROOT, 'npm', 'ws'));
    assert.deepEqual(names.sort(), ['README.md', ...own.files, 'package.json'].sort());
  });
});

describe('exports', () => {
  it('are the nine of npm websocket by require', () => {
    assert.deepEqual(Object.keys(require('websocket-native')).sort(), EXPORTS);
  });

  it('are the same nine by import, each the same object, and together the default', async () => {
    const required = require('websocket-native');
    const { default: whole, ...named } = await import('websocket-native');
    assert.equal(whole, required);
    assert.deepEqual(Object.keys(named).sort(), EXPORTS);
    for (const name of EXPORTS) assert.equal(named[name], required[name], name);
  });

  it('say the version of the package', () => {
    assert.equal(require('websocket-native').version, manifest.version);
    assert.equal(require('websocket-native/package.json').version, manifest.version);
  });

  // Applications require single files of npm websocket 1.0.35.
  const upstream = path.dirname(require.resolve('websocket/lib/websocket'));
  for (const name of fs.readdirSync(upstream).map((file) => path.parse(file).name)) {
    it(`reach lib/${name} with and without its extension, as npm websocket does`, () => {
      const deep = require(`websocket-native/lib/${name}`);
      assert.equal(require(`websocket-native/lib/${name}.js`), deep);
      assert.equal(typeof deep, typeof require(`websocket/lib/${name}`));
    });
  }

  it('are the only files directly in lib', () => {
    const own = fs.readdirSync(path.join(__dirname, '../lib')).filter((name) => /\.js$/.test(name));
    assert.deepEqual(own.sort(), fs.readdirSync(upstream).sort());
  });

  it('have the API of ws: the class with its statics by require', () => {
    const WebSocket = require('websocket-native/ws');
    assert.deepEqual(Object.keys(WebSocket).sort(), Object.keys(require('ws')).sort());
    assert.equal(WebSocket.WebSocket, WebSocket);
    assert.equal(WebSocket.Server, WebSocket.WebSocketServer);
  });

  it('have the API of ws: the same eight by import as ws has, and the class as default', async () => {
    const WebSocket = require('websocket-native/ws');
    const { default: whole, ...named } = await import('websocket-native/ws');
    const { default: _, ...theirs } = await import('ws');
    assert.equal(whole, WebSocket);
    assert.equal(Object.keys(named).length, 8);
    assert.deepEqual(Object.keys(named).sort(), Object.keys(theirs).sort());
    for (const [name, value] of Object.entries(named)) assert.equal(value, WebSocket[name], name);
  });

  it('do not expose private files', () => {
    for (const name of [
      'lib/internal/engine/native',
      'lib/internal/peer/sending',
      'lib/internal/handshake/deflate.js',
      'lib/ws/WebSocket.js',
      'docs/README.md',
    ]) {
      assert.throws(() => require(`websocket-native/${name}`), {
        code: 'ERR_PACKAGE_PATH_NOT_EXPORTED',
      });
    }
  });

  it('reach the classes themselves by deep requires', () => {
    const whole = require('websocket-native');
    assert.equal(require('websocket-native/lib/WebSocketConnection'), whole.connection);
    assert.equal(require('websocket-native/lib/WebSocketFrame'), whole.frame);
    assert.equal(require('websocket-native/lib/websocket').server, whole.server);
    assert.equal(require('websocket-native/index.js'), whole);
    assert.equal(require('websocket-native/index'), whole);
  });

  it('give a bundler for browsers a file that needs no addon', () => {
    assert.equal(manifest.exports['.'].browser, `./${manifest.browser}`);
    const source =
      'globalThis.WebSocket = class {}; console.log(Object.keys(require(process.argv[1])).join())';
    const child = node(['-e', source, path.join(ROOT, manifest.browser)], {
      NAPI_RS_NATIVE_LIBRARY_PATH: path.join(ROOT, 'no-such.node'),
    });
    assert.equal(child.stdout.trim(), 'w3cwebsocket,version', child.stderr);
  });
});

describe('the API of ws in a browser', () => {
  it('is a function that throws the sentence of ws, and needs no addon', () => {
    const call = 'try { require(process.argv[1])() } catch (error) { console.log(error.message) }';
    const messages = [
      path.join(ROOT, manifest.exports['./ws'].browser),
      path.join(path.dirname(require.resolve('ws')), 'browser.js'),
    ].map((file) => {
      const env = { NAPI_RS_NATIVE_LIBRARY_PATH: path.join(ROOT, 'no-such.node') };
      return node(['-e', call, file], env).stdout;
    });
    assert.match(messages[0], /^ws does not work in the browser\./);
    assert.equal(messages[0], messages[1]);
  });
});

describe('the packed package', () => {
  let folder;
  let packed;

  before(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'websocket-native-pack-'));
    packed = pack(ROOT, folder);
  });

  after(() => fs.rmSync(folder, { recursive: true, force: true }));

  it('has every file that it names, the addon built here, and the sources to build another', () => {
    const names = packed.files.map((file) => file.path);
    for (const name of [
      manifest.main,
      manifest.types,
      manifest.browser,
      manifest.exports['.'].import.replace('./', ''),
      ...filesNamedIn(manifest.exports['./ws']),
      'LICENSE',
      'README.md',
      'Cargo.lock',
      'Cargo.toml',
      'build.rs',
      'src/lib.rs',
      builtAddon(),
      ...filesBelow('lib'),
      ...filesBelow('types'),
    ]) {
      assert.ok(names.includes(name), `${name} is missing`);
    }
  });

  it('has no tests, no tools, no build output', () => {
    const strays = packed.files
      .map((file) => file.path)
      .filter((name) => /^(__test__|bench|examples|fuzz|node_modules|npm|target|\.)/.test(name));
    assert.deepEqual(strays, []);
  });

  it('loads when it is installed as a replacement for npm websocket', () => {
    const app = application(folder, 'local', [`websocket@file:${packed.tarball}`]);
    assert.deepEqual(installed(app), ['websocket']);
    assert.equal(echo(app), 'hello');
  });

  it('loads its addon from the platform package if it contains none', () => {
    const addon = builtAddon();
    const binary = packPlatform(folder);
    assert.ok(binary.files.some((file) => file.path === addon));

    const app = application(folder, 'published', [
      `websocket@file:${packed.tarball}`,
      `file:${binary.tarball}`,
    ]);
    fs.rmSync(path.join(app, 'node_modules', 'websocket', addon));
    assert.equal(echo(app), 'hello');
  });

  it('says why an existing addon could not be loaded', () => {
    const app = application(folder, 'broken', [`websocket@file:${packed.tarball}`]);
    fs.writeFileSync(path.join(app, 'node_modules', 'websocket', builtAddon()), 'no binary');
    const child = node(['-e', "require('websocket')"], {}, app);
    assert.notEqual(child.status, 0);
    assert.match(child.stderr, /The loader said: .*(too short|invalid ELF|not a valid|slice)/);
  });

  it('contains all of its types', () => {
    const app = application(folder, 'typed', [`websocket@file:${packed.tarball}`]);
    fs.writeFileSync(
      path.join(app, 'app.ts'),
      `import { server, type connection, type Message } from 'websocket';
      export const accepted: connection[] = new server().connections;
      export const text = (message: Message): string | undefined =>
        message.type === 'utf8' ? message.utf8Data : undefined;`,
    );
    const child = node([
      path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'),
      ...['--strict', '--noEmit', '--module', 'node16', '--target', 'es2022', '--types', 'node'],
      ...['--typeRoots', path.join(ROOT, 'node_modules', '@types'), path.join(app, 'app.ts')],
    ]);
    assert.equal(child.stdout, '');
    assert.equal(child.status, 0, child.stderr);
  });

  it('says without an addon what it looked for and how to build it', () => {
    const app = application(folder, 'without', [`websocket@file:${packed.tarball}`]);
    const home = path.join(app, 'node_modules', 'websocket');
    fs.rmSync(path.join(home, builtAddon()));
    const child = node(['-e', "require('websocket')"], {}, app);
    assert.notEqual(child.status, 0);
    assert.match(child.stderr, new RegExp(`${process.platform}.*${process.arch}`));
    assert.ok(child.stderr.includes(process.version), child.stderr);
    assert.ok(child.stderr.includes(builtAddon()), child.stderr);
    assert.match(child.stderr, /npm (run build|install)/);
  });
});

/** The name of a target's platform package, and the machines that it is for. */
function platformOf(triple) {
  const [cpu, , system, abi] = triple.split('-');
  const arch = { x86_64: 'x64', aarch64: 'arm64' }[cpu];
  const platform = { linux: 'linux', darwin: 'darwin', windows: 'win32' }[system];
  const libc = platform === 'linux' ? { gnu: 'glibc', musl: 'musl' }[abi] : undefined;
  return { folder: [platform, arch, abi].filter(Boolean).join('-'), platform, arch, libc };
}

/** The files that the conditions of an export lead to. */
function filesNamedIn(conditions) {
  if (typeof conditions === 'string') return [conditions.replace('./', '')];
  return Object.values(conditions).flatMap(filesNamedIn);
}

function filesBelow(name) {
  return fs.readdirSync(path.join(ROOT, name), { withFileTypes: true }).flatMap((entry) => {
    const below = `${name}/${entry.name}`;
    return entry.isDirectory() ? filesBelow(below) : [below];
  });
}

function installed(app) {
  return fs.readdirSync(path.join(app, 'node_modules')).filter((name) => !name.startsWith('.'));
}

/**
 * Echoes "hello" through a server and a client of the application's `websocket`. Every deprecation
 * of Node is an error, even those that Node does not report for packages.
 */
function echo(app) {
  const source = `
    const http = require('node:http').createServer().listen(0, '127.0.0.1', () => {
      const { client: Client, server: Server } = require('websocket');
      const server = new Server({ httpServer: http, autoAcceptConnections: true });
      server.on('connect', (c) => c.on('message', (m) => c.sendUTF(m.utf8Data)));
      const client = new Client();
      client.on('connect', (c) => {
        c.on('message', (m) => console.log(m.utf8Data) || c.close());
        c.on('close', () => http.close());
        c.sendUTF('hello');
      });
      client.connect('ws://127.0.0.1:' + http.address().port);
    });`;
  const child = node(['--pending-deprecation', '--throw-deprecation', '-e', source], {}, app);
  assert.equal(child.stderr, '');
  assert.equal(child.status, 0);
  return child.stdout.trim();
}

function readJson(file) {
  return JSON.parse(fs.readFileSync(file, 'utf8'));
}
