'use strict';

const ADVICE =
  'ws does not work in the browser. Browser clients must use the native WebSocket object';

/** What a bundler for browsers gets. It fails only when it is called, as that of npm ws does. */
module.exports = function WebSocket() {
  throw new Error(ADVICE);
};
