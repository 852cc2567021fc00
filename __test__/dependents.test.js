'use strict';

// Packages that depend on npm ws run unmodified on this package: `require('ws')` gives them the
// companion package of `npm/ws`. With DEPENDENTS_WS=npm they run on npm's own `ws`.

const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const ts = require('typescript');
const { ROOT, manifest } = require('./support/packing');
const PATIENCE = require('./support/patience');
const { programsOf, shellBlocksOf } = require('./support/programs');
const { serveInstalled } = require('./support/registryOf');

const HERE = path.join(__dirname, 'dependents');
const COMPANION = path.join(ROOT, 'npm', 'ws');

/** The files of tests for each package: ours, and those that the package itself contains. */
const PROGRAMS = {
  ...Object.fromEntries(
    fs.readdirSync(path.join(HERE, 'programs')).map((file) => [file, [`programs/${file}`]]),
  ),
  "@fastify/websocket's own tests": ['base', 'hooks', 'inject', 'router'].map(
    (name) => `node_modules/@fastify/websocket/test/${name}.test.js`,
  ),
};

/** The packages under which the companion is installed. */
const DEPENDENTS = ['engine.io', 'graphql-ws', 'mqtt'];

const page = (name) => fs.readFileSync(path.join(ROOT, 'docs', name), 'utf8');
const recipes = programsOf(page('ws-recipes.md'));

const reason = unavailable();
if (reason) console.error(`# The dependents of ws are not tested: ${reason}`);

describe('a dependent of ws', { skip: reason }, () => {
  before(() => require('./dependents/rig').placeWs());

  for (const [name, files] of Object.entries(PROGRAMS)) {
    it(`runs on this package: ${name}`, { timeout: PATIENCE }, async (t) => {
      for (const file of files) {
        const output = await run(t, process.execPath, ['--test-reporter=tap', file], HERE);
        assert.match(output, /^# pass [1-9]/m, file);
        const skipped = output.split('\n').filter((line) => /^ *ok .*# SKIP/.test(line));
        for (const line of skipped) console.error(`# ${file}: ${line}`);
        assert.ok(!process.env.CI || skipped.length === 0, skipped.join('\n'));
      }
    });
  }

  for (const { source, output, line } of recipes) {
    it(`runs as line ${line} of docs/ws-recipes.md says`, { timeout: PATIENCE }, async (t) => {
      assert.equal(await run(t, process.execPath, ['-e', source], HERE), output);
    });
  }
});

describe('the companion package', { skip: reason, timeout: PATIENCE }, () => {
  const own = require('../npm/ws/package.json');
  const alias = `npm:${own.name}@${own.version}`;
  const file = `file:../${own.name}-${own.version}.tgz`;
  let folder;
  let registry;

  before(async () => {
    folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'websocket-native-ws-'));
    registry = await serveInstalled({
      root: HERE,
      names: [...DEPENDENTS, 'graphql'],
      without: ['ws'],
      own: [ROOT, COMPANION, path.dirname(require.resolve('ws/package.json'))],
      destination: folder,
    });
  });

  after(() => {
    registry?.server.close();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  /** Installs the dependents with an own `package.json` into a folder, and returns it. */
  async function install(t, name, description) {
    const app = path.join(folder, name.replaceAll(' ', '-'));
    const wanted = Object.fromEntries([...DEPENDENTS, 'graphql'].map((each) => [each, '*']));
    const dependencies = { ...wanted, ...description.dependencies };
    fs.mkdirSync(app);
    const text = JSON.stringify({ private: true, ...description, dependencies });
    fs.writeFileSync(path.join(app, 'package.json'), text);
    await npm(t, app, 'install');
    return app;
  }

  async function npm(t, app, ...args) {
    const from = ['--registry', registry.url, '--cache', path.join(folder, 'cache')];
    const output = await run(t, 'npm', [...args, '--no-audit', '--no-fund', ...from], app);
    assert.doesNotMatch(output, /ERESOLVE/);
  }

  /**
   * Fails unless all dependents use this package, and an echo through engine.io comes back, and an
   * ES module imports the class and the eight names.
   */
  async function assertOurs(t, app) {
    const output = await run(t, process.execPath, [path.join(HERE, 'installed.js')], app);
    assert.equal(output, `${DEPENDENTS.map((name) => `${name}: ours`).join('\n')}\nhello\n`);
    const imports = `import { createRequire } from 'node:module';
      import WebSocket, * as names from 'ws';
      const require = createRequire(import.meta.url);
      console.log(WebSocket === require('websocket-native/ws'), Object.keys(names).length - 1);
      console.log(require('ws/package.json').version);`;
    const imported = await run(t, process.execPath, ['--input-type=module', '-e', imports], app);
    assert.equal(imported, `true 8\n${own.version}\n`);
  }

  for (const [way, description] of Object.entries({
    'an override by name': { overrides: { ws: alias } },
    'an override by file': { overrides: { ws: file } },
    'an alias': { dependencies: { ws: alias } },
    'a file under the name ws': { dependencies: { ws: file } },
  })) {
    it(`takes the place of ws in ${DEPENDENTS.join(', ')} by ${way}`, async (t) => {
      await assertOurs(t, await install(t, way, description));
    });
  }

  it('replaces an installed ws by the commands of docs/ws.md, and gives it back', async (t) => {
    const app = await install(t, 'installed before', {});
    const installed = path.join(app, 'node_modules', 'ws', 'package.json');
    const nameOfWs = () => JSON.parse(fs.readFileSync(installed, 'utf8')).name;
    assert.equal(nameOfWs(), 'ws');
    const [there, back] = shellBlocksOf(page('ws.md'));
    for (const command of there) await npm(t, app, ...argumentsOf(command));
    await assertOurs(t, app);
    for (const command of back) await npm(t, app, ...argumentsOf(command));
    assert.equal(nameOfWs(), 'ws');
  });

  it('has the types of ws, as this package has them under its own name', async (t) => {
    const app = await install(t, 'types', { dependencies: { ws: alias } });
    for (const [name, from] of Object.entries({ own: `${manifest.name}/ws`, alias: 'ws' })) {
      const source = `import WebSocket, { type RawData, WebSocketServer } from '${from}';
        export const data = (websocket: WebSocket): WebSocket.RawData => Buffer.from(websocket.url);
        export const server = (): WebSocketServer => new WebSocketServer({ noServer: true });
        export const size = (raw: RawData): string => raw.toString();
          // @ts-expect-error fails if the types are not found
          export const wrong: number = new WebSocket('ws://localhost').url;`;
      for (const kind of ['ts', 'mts']) {
        fs.writeFileSync(path.join(app, `${name}.${kind}`), source);
      }
    }
    const files = (...kinds) =>
      kinds.flatMap((kind) => ['own', 'alias'].map((name) => path.join(app, `${name}.${kind}`)));
    assert.deepEqual(complaints(files('ts', 'mts'), 'Node16', 'Node16'), []);
    assert.deepEqual(complaints(files('ts'), 'CommonJS', 'Node10'), []);
    assert.deepEqual(complaints(files('ts'), 'ESNext', 'Bundler'), []);
  });
});

/** The arguments of an npm command as a shell would pass them. */
function argumentsOf(command) {
  assert.match(command, /^npm /);
  return command
    .split(' ')
    .slice(1)
    .map((word) => word.replace(/^'(.*)'$/, '$1'));
}

/** Why the dependents can't run here, if so. The project's CI accepts no such reason. */
function unavailable() {
  const [major] = process.versions.node.split('.').map(Number);
  if (major < 20) return `they need a newer Node than ${process.version}`;
  if (fs.existsSync(path.join(HERE, 'node_modules', '.package-lock.json'))) return undefined;
  const child = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: HERE,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (child.status === 0) return undefined;
  if (process.env.CI) throw new Error(`npm ci failed: ${child.stderr || child.error}`);
  return 'npm could not install them';
}

/** Runs a command to its end and returns its output. Fails with that if the command fails. */
async function run(t, command, args, cwd) {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const shell = command === 'npm' && process.platform === 'win32';
  const child = spawn(command, args, { cwd, env, shell, timeout: PATIENCE });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  const [code] = await once(child, 'close');
  assert.equal(code, 0, `${command} ${args.join(' ')}:\n${output}`);
  return output;
}

/** The compiler's errors. */
function complaints(files, module, resolution) {
  const program = ts.createProgram(files, {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    esModuleInterop: true,
    target: ts.ScriptTarget.ES2022,
    types: ['node'],
    typeRoots: [path.join(ROOT, 'node_modules', '@types')],
    module: ts.ModuleKind[module],
    moduleResolution: ts.ModuleResolutionKind[resolution],
  });
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ file, messageText }) => `${file?.fileName}: ${JSON.stringify(messageText)}`);
}
