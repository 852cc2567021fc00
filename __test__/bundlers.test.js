'use strict';

// Programs that a bundler has made from an application and this package find the addon: where the
// package is installed, and elsewhere with the one file to copy by docs/bundlers.md.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { ROOT, application, builtAddon, node, pack, packPlatform } = require('./support/packing');

const TOOLS = path.join(__dirname, 'bundlers');
const ENTRIES = { CommonJS: 'app.cjs', 'an ES module': 'app.mjs' };
/** Whether the bundle includes the addon. */
const BUNDLERS = {
  esbuild: false,
  webpack: false,
  rollup: false,
  'rollup, as ES module': false,
  vite: false,
  ncc: true,
};

const PROGRAM = `
  const http = createServer().listen(0, '127.0.0.1', () => {
    const server = new Server({ httpServer: http, autoAcceptConnections: true });
    server.on('connect', (c) => c.on('message', (m) => c.sendUTF(m.utf8Data)));
    const client = new Client();
    client.on('connectFailed', (error) => { throw error; });
    client.on('connect', (c) => {
      c.on('message', (m) => { console.log(m.utf8Data, version); c.close(); });
      c.on('close', () => { http.close(); echoByWs(); });
      c.sendUTF('hello');
    });
    client.connect('ws://127.0.0.1:' + http.address().port);
  });
  function echoByWs() {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' }, () => {
      const socket = new WebSocket('ws://127.0.0.1:' + server.address().port);
      socket.on('open', () => socket.send('and by ws'));
      socket.on('message', (data) => { console.log(String(data)); socket.close(); server.close(); });
    });
    server.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
  }`;
const HEADS = {
  'app.cjs': `const { createServer } = require('node:http');
    const { client: Client, server: Server, version } = require('websocket-native');
    const { WebSocket, WebSocketServer } = require('websocket-native/ws');`,
  'app.mjs': `import { createServer } from 'node:http';
    import { client as Client, server as Server, version } from 'websocket-native';
    import WebSocket, { WebSocketServer } from 'websocket-native/ws';`,
};
const ANSWER = `hello ${require('websocket-native').version}\nand by ws`;

const reason = unavailable();
if (reason) console.error(`# The bundlers are not tested: ${reason}`);

describe('a bundle', { skip: reason }, () => {
  let folder;
  let app;

  before(() => {
    folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'websocket-native-bundle-'));
    app = application(folder, 'app', [
      `file:${pack(ROOT, folder).tarball}`,
      `file:${packPlatform(folder).tarball}`,
    ]);
    // As published, without an addon of its own.
    fs.rmSync(path.join(app, 'node_modules', 'websocket-native', builtAddon()));
    for (const [name, head] of Object.entries(HEADS)) {
      fs.writeFileSync(path.join(app, name), head + PROGRAM);
    }
  });

  after(() => fs.rmSync(folder, { recursive: true, force: true }));

  for (const [bundler, isWhole] of Object.entries(BUNDLERS)) {
    for (const [kind, entry] of Object.entries(ENTRIES)) {
      it(`by ${bundler} of ${kind} runs where the package is installed, and elsewhere`, () => {
        // The path has no space, because ncc uses a URL's path as a file's path for the addon.
        const name = `${bundler}-${entry}`.replace(/[, ]+/g, '-');
        const out = path.join(app, 'dist', name);
        const file = bundle(bundler, path.join(app, entry), out);
        assert.equal(run(path.join(out, file)), ANSWER);

        const elsewhere = path.join(folder, name);
        fs.cpSync(out, elsewhere, { recursive: true });
        if (!isWhole) copyAddon(app, elsewhere);
        assert.equal(run(path.join(elsewhere, file)), ANSWER);
      });
    }
  }

  it("finds the addon through the package when it can't see the platform package", () => {
    const out = path.join(app, 'dist', 'isolated');
    const file = bundle('esbuild', path.join(app, 'app.cjs'), out);
    // pnpm installs packages in a separate folder, with a link to this package only.
    const isolated = path.join(folder, 'isolated');
    const modules = path.join(isolated, 'node_modules');
    const store = path.join(modules, '.store', 'node_modules');
    fs.cpSync(path.join(app, 'node_modules'), store, { recursive: true });
    fs.symlinkSync(path.join(store, 'websocket-native'), path.join(modules, 'websocket'), 'dir');
    fs.copyFileSync(path.join(out, file), path.join(isolated, file));
    assert.equal(run(path.join(isolated, file)), ANSWER);
  });

  it('says what is missing when it has no addon', () => {
    const out = path.join(app, 'dist', 'without');
    const file = bundle('esbuild', path.join(app, 'app.cjs'), out);
    fs.copyFileSync(path.join(out, file), path.join(folder, file));
    const child = node([path.join(folder, file)]);
    assert.notEqual(child.status, 0);
    assert.match(child.stderr, /docs\/bundlers\.md/);
    assert.ok(child.stderr.includes(builtAddon()), child.stderr);
  });

  it('for a browser throws the sentence of ws when its class is called', () => {
    const entry = path.join(app, 'browser.mjs');
    const call = `import WebSocket from 'websocket-native/ws';
      try { new WebSocket('ws://x'); } catch (error) { console.log(error.message); }`;
    fs.writeFileSync(entry, call);
    const file = bundle('esbuild, for browsers', entry, path.join(app, 'dist', 'browser'));
    const said = run(path.join(app, 'dist', 'browser', file));
    assert.match(said, /^ws does not work in the browser\. Browser clients must use /);
  });

  it('is not needed for nft to find the addon', () => {
    const source = `require('@vercel/nft').nodeFileTrace([process.argv[1]], { base: '/' })
      .then(({ fileList }) => console.log([...fileList].join('\\n')));`;
    const traced = node(['-e', source, path.join(app, 'app.cjs')], {}, TOOLS);
    assert.ok(traced.stdout.includes(builtAddon()), traced.stderr || traced.stdout);
  });
});

/** Why no bundler can run here, if none can. The project's CI accepts no such reason. */
function unavailable() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    return `Vite needs a newer Node than ${process.version}`;
  if (fs.existsSync(path.join(TOOLS, 'node_modules', '.package-lock.json'))) return undefined;
  const child = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: TOOLS,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (child.status === 0) return undefined;
  if (process.env.CI) throw new Error(`npm ci failed: ${child.stderr || child.error}`);
  return 'npm could not install them';
}

/** Bundles without a warning, and returns the name of the file to run. */
function bundle(bundler, entry, out) {
  const child = node([path.join(TOOLS, 'build.js'), bundler, entry, out], {}, path.dirname(entry));
  assert.equal(child.stderr, '');
  assert.equal(child.status, 0);
  return child.stdout.trim().split('\n').at(-1);
}

/** Runs in a folder where nothing is installed. */
function run(file) {
  const child = node([file], {}, os.tmpdir());
  assert.equal(child.stderr, '');
  return child.stdout.trim();
}

function copyAddon(app, destination) {
  const name = `websocket-native-${builtAddon().split('.')[1]}`;
  fs.copyFileSync(
    path.join(app, 'node_modules', name, builtAddon()),
    path.join(destination, builtAddon()),
  );
}
