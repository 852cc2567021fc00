'use strict';

// Replaces `ws` under the packages of this folder. `node_modules/ws` becomes a link: to a copy of the
// companion package in `npm/ws`, or back to npm's own `ws`. The packages then find it by Node's own
// resolution.

const fs = require('node:fs');
const path = require('node:path');

const ROOT = path.join(__dirname, '..', '..');
const MODULES = path.join(__dirname, 'node_modules');
/** Where npm's own `ws` goes. Folders that begin with a dot are no packages. */
const NPM_WS = path.join(MODULES, '.npm-ws', 'ws');
const COMPANION = path.join(MODULES, 'websocket-native-ws');
const PACKAGE = path.join(MODULES, 'websocket-native');

/** Whether the packages use npm's own `ws`, to see what a test expects. */
const usesNpm = process.env.DEPENDENTS_WS === 'npm';
/** The folder of the `ws` that is under test. */
const WS = usesNpm ? NPM_WS : COMPANION;

/** Makes `require('ws')` give the implementation under test to all packages of this folder. */
function placeWs() {
  const place = path.join(MODULES, 'ws');
  if (fs.lstatSync(place).isSymbolicLink()) {
    fs.unlinkSync(place);
  } else {
    fs.mkdirSync(path.dirname(NPM_WS), { recursive: true });
    fs.renameSync(place, NPM_WS);
  }
  fs.rmSync(COMPANION, { recursive: true, force: true });
  fs.cpSync(path.join(ROOT, 'npm', 'ws'), COMPANION, { recursive: true });
  if (!fs.existsSync(PACKAGE)) fs.symlinkSync(ROOT, PACKAGE, 'junction');
  fs.symlinkSync(WS, place, 'junction');
}

module.exports = { MODULES, WS, placeWs, usesNpm };
