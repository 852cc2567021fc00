'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');

const ROOT = path.dirname(__dirname);
const manifest = readJson(path.join(ROOT, 'package.json'));

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
  it('asks for no other package at run time', () => {
    assert.deepEqual(manifest.dependencies ?? {}, {});
    assert.deepEqual(manifest.peerDependencies ?? {}, {});
  });

  // They must be on the registry before a clone can be installed; `napi pre-publish` adds them.
  it('lists the platform packages only while it is published', () => {
    assert.equal(manifest.optionalDependencies, undefined);
  });

  it('runs nothing when it is installed from the registry', () => {
    for (const script of ['preinstall', 'install', 'postinstall']) {
      assert.equal(manifest.scripts[script], undefined, script);
    }
    // npm takes a binding.gyp for an install script.
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

  it('are those of the napi targets, with none left over', () => {
    const folders = fs.readdirSync(path.join(ROOT, 'npm'), { withFileTypes: true });
    assert.deepEqual(
      folders
        .filter((entry) => entry.isDirectory())
        .map((entry) => entry.name)
        .sort(),
      manifest.napi.targets.map((triple) => platformOf(triple).folder).sort(),
    );
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

  // The subpaths that applications of npm websocket 1.0.35 can and do require.
  for (const name of [
    'Deprecation',
    'W3CWebSocket',
    'WebSocketClient',
    'WebSocketConnection',
    'WebSocketFrame',
    'WebSocketRequest',
    'WebSocketRouter',
    'WebSocketRouterRequest',
    'WebSocketServer',
    'utils',
    'version',
    'websocket',
  ]) {
    it(`reach lib/${name} with and without its extension, as npm websocket does`, () => {
      const deep = require(`websocket-native/lib/${name}`);
      assert.equal(require(`websocket-native/lib/${name}.js`), deep);
      assert.equal(typeof deep, typeof require(`websocket/lib/${name}`));
    });
  }

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
      'LICENSE',
      'README.md',
      'Cargo.lock',
      'Cargo.toml',
      'binding.js',
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

  it('loads where it is installed in the place of npm websocket', () => {
    const app = application(folder, 'local', [`websocket@file:${packed.tarball}`]);
    assert.deepEqual(installed(app), ['websocket']);
    assert.equal(echo(app), 'hello');
  });

  it('loads its addon from the platform package where it brings none', () => {
    const addon = builtAddon();
    const triple = addon.split('.')[1];
    const platform = path.join(folder, triple);
    fs.cpSync(path.join(ROOT, 'npm', triple), platform, { recursive: true });
    fs.copyFileSync(path.join(ROOT, addon), path.join(platform, addon));
    const binary = pack(platform, folder);
    assert.ok(binary.files.some((file) => file.path === addon));

    const app = application(folder, 'published', [
      `websocket@file:${packed.tarball}`,
      `file:${binary.tarball}`,
    ]);
    fs.rmSync(path.join(app, 'node_modules', 'websocket', addon));
    assert.equal(echo(app), 'hello');
  });

  it('brings all of its types along', () => {
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

  it('says what it looked for and how to build it where there is no addon', () => {
    const app = application(folder, 'without', [`websocket@file:${packed.tarball}`]);
    const home = path.join(app, 'node_modules', 'websocket');
    for (const file of [builtAddon(), 'binding.js']) {
      fs.rmSync(path.join(home, file));
      const child = node(['-e', "require('websocket')"], {}, app);
      assert.notEqual(child.status, 0);
      assert.match(child.stderr, new RegExp(`${process.platform}.*${process.arch}`));
      assert.ok(child.stderr.includes(process.version), child.stderr);
      assert.match(child.stderr, /npm (run build|install)/);
    }
  });
});

/** What a target's platform package is called and which machines it is for. */
function platformOf(triple) {
  const [cpu, , system, abi] = triple.split('-');
  const arch = { x86_64: 'x64', aarch64: 'arm64' }[cpu];
  const platform = { linux: 'linux', darwin: 'darwin', windows: 'win32' }[system];
  const libc = platform === 'linux' ? { gnu: 'glibc', musl: 'musl' }[abi] : undefined;
  return { folder: [platform, arch, abi].filter(Boolean).join('-'), platform, arch, libc };
}

/** The name of the addon that `npm run build` made for this machine. */
function builtAddon() {
  const start = `${manifest.napi.binaryName}.${process.platform}-${process.arch}`;
  const found = fs
    .readdirSync(ROOT)
    .filter((name) => name.startsWith(start) && name.endsWith('.node'));
  assert.equal(found.length, 1, `${found.length} addons for this machine; npm run build makes one`);
  return found[0];
}

function filesBelow(name) {
  return fs.readdirSync(path.join(ROOT, name), { withFileTypes: true }).flatMap((entry) => {
    const below = `${name}/${entry.name}`;
    return entry.isDirectory() ? filesBelow(below) : [below];
  });
}

/** Packs without `prepare`, which would write the addon anew while other tests have it loaded. */
function pack(source, destination) {
  const child = npm(
    ['pack', '--json', '--ignore-scripts', '--pack-destination', destination],
    source,
  );
  const described = JSON.parse(child.stdout);
  const { filename, files } = Array.isArray(described) ? described[0] : Object.values(described)[0];
  return { files, tarball: path.join(destination, filename) };
}

/** A new application with the given packages, all from files, so that no registry is asked. */
function application(parent, name, packages) {
  const app = path.join(parent, name);
  fs.mkdirSync(app);
  fs.writeFileSync(path.join(app, 'package.json'), '{ "private": true }\n');
  npm(['install', '--offline', '--no-audit', '--no-fund', ...packages], app);
  return app;
}

function installed(app) {
  return fs.readdirSync(path.join(app, 'node_modules')).filter((name) => !name.startsWith('.'));
}

/**
 * What comes back of "hello" through a server and a client of the application's `websocket`. Whatever Node
 * deprecates is an error, also where it keeps the warning back for packages.
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

function node(args, env = {}, cwd = ROOT) {
  return spawnSync(process.execPath, args, {
    cwd,
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    encoding: 'utf8',
    timeout: 60000,
  });
}

function npm(args, cwd) {
  // npm is a script on Windows, which only a shell starts.
  const child = spawnSync('npm', args, {
    cwd,
    encoding: 'utf8',
    timeout: 120000,
    shell: process.platform === 'win32',
  });
  assert.equal(child.status, 0, `npm ${args[0]}: ${child.stderr || child.error}`);
  return child;
}

function readJson(file) {
  return JSON.parse(fs.readFileSync(file, 'utf8'));
}
