'use strict';

// A local registry with packages that are installed in a folder, and all that they depend on.

const fs = require('node:fs');
const path = require('node:path');
const { packAll } = require('./packing');
const { serveRegistry } = require('./registry');

/** The folder of a package that the package in `from` depends on, by Node's own resolution. */
function folderOf(name, from) {
  for (let folder = from; folder !== path.dirname(folder); folder = path.dirname(folder)) {
    const candidate = path.join(folder, 'node_modules', name);
    if (fs.existsSync(path.join(candidate, 'package.json'))) return fs.realpathSync(candidate);
  }
  return undefined;
}

/** The folders of these packages and of their dependencies, except of those in `without`. */
function closure(root, names, without) {
  const folders = new Set();
  const add = (name, from) => {
    const folder = without.includes(name) ? undefined : folderOf(name, from);
    if (folder === undefined || folders.has(folder)) return;
    folders.add(folder);
    const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
    for (const dependency of Object.keys(manifest.dependencies ?? {})) add(dependency, folder);
  };
  for (const name of names) add(name, root);
  return [...folders];
}

/**
 * Serves the packages `names` that are installed in `root`, with their dependencies except those in
 * `without`, and the packages in the folders `own`. Their tarballs are in `destination`.
 */
function serveInstalled({ root, names, without = [], own, destination }) {
  return serveRegistry(packAll([...closure(root, names, without), ...own], destination));
}

module.exports = { serveInstalled };
