'use strict';

const fs = require('node:fs');
const path = require('node:path');

const { exports: entries } = require('../package.json');

/** The file that `require()` loads for an entry of this package; `undefined` if there is none. */
function entryFile(name) {
  const target = entries[`./${name}`]?.require;
  const file = target && path.join(__dirname, '..', target);
  return file && fs.existsSync(file) ? file : undefined;
}

module.exports = { entryFile };
