'use strict';

module.exports = load();

function load() {
  try {
    return require('../binding.js');
  } catch (cause) {
    throw new Error(
      `websocket-native has no binary for ${process.platform}-${process.arch} ` +
        `(Node ${process.version}, Node-API ${process.versions.napi}). ` +
        'Reinstall it without omitting optional dependencies, or build it from a clone of the repository ' +
        `with a Rust toolchain: npm install && npm run build. The loader said: ${cause.message}`,
      { cause },
    );
  }
}
