'use strict';

// Runs the exact commands of docs/compatibility.md in applications with npm websocket. They lead to
// this package and back, for the application and for its dependencies.

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { promisify } = require('node:util');
const { ROOT, manifest } = require('./support/packing');
const PATIENCE = require('./support/patience');
const { shellBlocksOf } = require('./support/programs');
const { serveInstalled } = require('./support/registryOf');

const UPSTREAM = path.join(ROOT, 'node_modules', 'websocket');
const OLD = `websocket ${readJson(path.join(UPSTREAM, 'package.json')).version}`;
const NEW = `websocket-native ${manifest.version}`;
const DEPENDENT = 'uses-websocket';

const PAGE = path.join(ROOT, 'docs', 'compatibility.md');
const blocks = shellBlocksOf(fs.readFileSync(PAGE, 'utf8'));
const ALIAS = blocks.find((block) => block.length === 1 && block[0].includes('@npm:'));
const OVERRIDE = blocks.find((block) => block.some((line) => line.includes('pkg set')));
const BACK = blocks.find((block) => block.some((line) => line.includes('pkg delete')));

describe('switching', {
  skip: process.platform === 'win32' && 'the commands are for a shell',
}, () => {
  let folder;
  let registry;

  before(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'websocket-native-switch-'));
    const names = ['websocket'];
    const own = [ROOT, dependent()];
    registry = await serveInstalled({ root: ROOT, names, own, destination: folder });
  });

  after(() => {
    registry?.server.close();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  it('replaces a direct dependency, and restores it', async () => {
    const app = await application('direct', ['websocket@1']);
    await run(app, ALIAS);
    assert.equal(seenBy(app), NEW);
    await run(app, BACK);
    assert.equal(seenBy(app), OLD);
  });

  it('replaces it for a dependent as well, and restores it', async () => {
    const app = await application('both', ['websocket@1', DEPENDENT]);
    await run(app, OVERRIDE);
    assert.deepEqual([seenBy(app), seenBy(app, DEPENDENT)], [NEW, NEW]);
    await run(app, ['npm ci']);
    assert.deepEqual([seenBy(app), seenBy(app, DEPENDENT)], [NEW, NEW]);
    await run(app, BACK);
    assert.deepEqual([seenBy(app), seenBy(app, DEPENDENT)], [OLD, OLD]);
  });

  it('replaces it for a dependent alone, and restores it', async () => {
    const app = await application('dependent', [DEPENDENT]);
    await run(app, OVERRIDE);
    assert.equal(seenBy(app, DEPENDENT), NEW);
    await run(app, [...BACK, 'npm uninstall websocket']);
    assert.equal(seenBy(app, DEPENDENT), OLD);
    assert.deepEqual(Object.keys(readJson(path.join(app, 'package.json')).dependencies), [
      DEPENDENT,
    ]);
  });

  it('replaces it for a dependent that has kept a copy of its own', async () => {
    const app = await application('nested', [DEPENDENT]);
    await run(app, ALIAS);
    assert.deepEqual([seenBy(app), seenBy(app, DEPENDENT)], [NEW, OLD]);
    await run(app, OVERRIDE);
    assert.deepEqual([seenBy(app), seenBy(app, DEPENDENT)], [NEW, NEW]);
  });

  // Checks that the documentation's warning is still true. Otherwise it could be removed.
  it('has no effect from overrides that are merely added', async () => {
    const app = await application('added', [DEPENDENT]);
    const alias = `npm:${manifest.name}@^${manifest.version}`;
    await run(app, [`npm pkg set 'overrides.websocket=${alias}'`, 'npm install']);
    assert.equal(seenBy(app, DEPENDENT), OLD);
    await assert.rejects(run(app, ['npm install websocket@1', 'npm install']), /EOVERRIDE/);
  });

  /** A new application with packages installed from the registry. */
  async function application(name, packages) {
    const app = path.join(folder, name);
    fs.mkdirSync(app);
    fs.writeFileSync(path.join(app, 'package.json'), '{ "private": true }\n');
    await run(app, [`npm install ${packages.join(' ')}`]);
    return app;
  }

  /** It must not block, because the registry is in this process. */
  async function run(app, commands) {
    const settings = { registry: registry.url, cache: path.join(folder, 'cache') };
    const env = { ...process.env, NODE_OPTIONS: '' };
    Object.assign(settings, { audit: false, fund: false, ignore_scripts: true });
    for (const [name, value] of Object.entries(settings)) env[`npm_config_${name}`] = String(value);
    const script = commands.join(' && ');
    await promisify(execFile)('sh', ['-ec', script], { cwd: app, env, timeout: PATIENCE });
  }

  function dependent() {
    const source = path.join(folder, DEPENDENT);
    fs.mkdirSync(source);
    const own = { name: DEPENDENT, version: '1.0.0', dependencies: { websocket: '^1.0.34' } };
    fs.writeFileSync(path.join(source, 'package.json'), JSON.stringify(own));
    return source;
  }
});

/**
 * Name and version of the `websocket` that the application, or a package in it, loads. It does not
 * use `require.resolve()`, which caches earlier results.
 */
function seenBy(app, dependentName) {
  const modules = path.join(app, 'node_modules');
  const places = dependentName
    ? [path.join(modules, dependentName, 'node_modules'), modules]
    : [modules];
  const manifests = places.map((place) => path.join(place, 'websocket', 'package.json'));
  const { name, version } = readJson(manifests.find(fs.existsSync));
  return `${name} ${version}`;
}

function readJson(file) {
  return JSON.parse(fs.readFileSync(file, 'utf8'));
}
