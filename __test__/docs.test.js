'use strict';

// The documentation is true: its programs print the output that it shows, and its links work.

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');
const PATIENCE = require('./support/patience');
const { FENCE, programsOf } = require('./support/programs');

const ROOT = path.dirname(__dirname);
/** dependents.test.js runs the programs of this page, which require other packages. */
const RECIPES = 'docs/ws-recipes.md';
const pages = ['README.md', 'CHANGELOG.md'].concat(
  fs
    .readdirSync(path.join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
);

// Runs in the root, where the package finds itself by its name. The process ends with the test,
// even if the test fails.
function run(t, source) {
  const child = spawn(process.execPath, ['-e', source], { cwd: ROOT });
  t.after(() => child.kill('SIGKILL'));
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => {
      output[name] += text;
    });
  }
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...output }));
  return { child, ended };
}

// The anchor that GitHub gives a heading.
function anchorOf(heading) {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replace(/ /g, '-');
}

function anchorsOf(text) {
  return [...text.replace(FENCE, '').matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    anchorOf(heading),
  );
}

for (const page of pages) {
  const text = fs.readFileSync(path.join(ROOT, page), 'utf8');

  describe(page, { timeout: PATIENCE }, () => {
    for (const { source, output, line } of page === RECIPES ? [] : programsOf(text)) {
      it(`prints the output shown at line ${line}`, async (t) => {
        const { code, stdout, stderr } = await run(t, source).ended;
        assert.strictEqual(stderr, '');
        assert.strictEqual(stdout, output);
        assert.strictEqual(code, 0);
      });
    }

    it('has links that work', () => {
      for (const [, target] of text.replace(FENCE, '').matchAll(/\]\(([^)]+)\)/g)) {
        if (/^https?:/.test(target)) continue;
        const [file, anchor] = target.split('#');
        const full = file ? path.resolve(ROOT, path.dirname(page), file) : path.join(ROOT, page);
        assert.ok(fs.existsSync(full), `${target}: no such file`);
        if (anchor !== undefined) {
          const anchors = anchorsOf(fs.readFileSync(full, 'utf8'));
          assert.ok(anchors.includes(anchor), `${target}: no such heading`);
        }
      }
    });
  });
}

it('has programs to run', () => {
  for (const page of pages.filter((name) =>
    /docs\/(?!README|arch|bundlers|compat|perf)/.test(name),
  )) {
    const text = fs.readFileSync(path.join(ROOT, page), 'utf8');
    assert.ok(programsOf(text).length > 0, page);
  }
});

describe('the quick start in README.md', { timeout: PATIENCE }, () => {
  const text = fs.readFileSync(path.join(ROOT, 'README.md'), 'utf8');
  const [server, client, browserLike] = [...text.matchAll(FENCE)]
    .filter(([, language]) => language === 'js')
    .map(([, , source]) => source);

  it('has a server that works with its two clients', async (t) => {
    const tellPort = "httpServer.on('listening', () => console.log(httpServer.address().port));";
    const running = run(t, `${server.replace('listen(8080', 'listen(0')}\n${tellPort}`);
    let printed = '';
    const port = await new Promise((resolve, reject) => {
      running.child.stdout.on('data', (chunk) => {
        printed += chunk;
        const found = /^(\d+)$/m.exec(printed);
        if (found) resolve(found[1]);
      });
      running.ended.then(({ stderr }) => reject(new Error(`the server ended: ${stderr}`)));
    });

    for (const source of [client, browserLike]) {
      const { code, stdout, stderr } = await run(t, source.replaceAll('8080', port)).ended;
      assert.strictEqual(stderr, '');
      assert.strictEqual(stdout, 'echo: hello\n');
      assert.strictEqual(code, 0);
    }
    running.child.kill('SIGKILL');
    assert.match((await running.ended).stdout, /left: 1000 /);
  });
});
