// node build.js BUNDLER ENTRY FOLDER: bundles a program as in docs/bundlers.md, without other
// settings, and prints the name of the file to run.

const path = require('node:path');

const [bundler, entry, folder] = process.argv.slice(2);

const build = {
  esbuild: () => esbuild('node'),
  'esbuild, for browsers': () => esbuild('browser'),

  async webpack() {
    const webpack = require('webpack');
    const output = { path: folder, filename: 'bundle.js' };
    const options = { mode: 'production', target: 'node', entry, output };
    const stats = await new Promise((resolve, reject) => {
      webpack(options, (error, result) => (error ? reject(error) : resolve(result)));
    });
    const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
    return { file: 'bundle.js', complaints: [...errors, ...warnings] };
  },

  rollup: () => rollup('cjs', 'bundle.js'),
  'rollup, as ES module': () => rollup('es', 'bundle.mjs'),

  async vite() {
    const complaints = [];
    const note = (message) => complaints.push(message);
    const { build, createLogger } = await import('vite');
    const customLogger = Object.assign(createLogger('warn'), { warn: note, error: note });
    await build({
      root: path.dirname(entry),
      configFile: false,
      customLogger,
      ssr: { noExternal: true },
      build: {
        ssr: entry,
        outDir: folder,
        rollupOptions: { output: { entryFileNames: 'bundle.mjs' } },
      },
    });
    return { file: 'bundle.mjs', complaints };
  },

  async ncc() {
    const { spawnSync } = require('node:child_process');
    const cli = require.resolve('@vercel/ncc/dist/ncc/cli.js');
    const child = spawnSync(process.execPath, [cli, 'build', entry, '-o', folder, '-q'], {
      encoding: 'utf8',
    });
    return { file: `index${path.extname(entry)}`, complaints: child.stderr ? [child.stderr] : [] };
  },
};

async function esbuild(platform) {
  const outfile = path.join(folder, 'bundle.js');
  const options = { entryPoints: [entry], outfile, logLevel: 'warning' };
  const result = await require('esbuild').build({
    ...options,
    bundle: true,
    platform,
    packages: 'bundle',
  });
  return { file: 'bundle.js', complaints: [...result.errors, ...result.warnings] };
}

async function rollup(format, file) {
  const commonjs = require('@rollup/plugin-commonjs');
  const { nodeResolve } = require('@rollup/plugin-node-resolve');
  const complaints = [];
  const bundle = await require('rollup').rollup({
    input: entry,
    onwarn: (warning) => complaints.push(warning),
    plugins: [commonjs(), nodeResolve({ preferBuiltins: true })],
  });
  await bundle.write({ file: path.join(folder, file), format });
  return { file, complaints };
}

build[bundler]().then(({ file, complaints }) => {
  for (const complaint of complaints) console.error(complaint.message ?? complaint);
  console.log(file);
});
