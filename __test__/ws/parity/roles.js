'use strict';

/**
 * The same scenario for a server's WebSocket and for a client's. `differs(role)` declares
 * differences.
 */
function onEachRole(name, run, differs = () => []) {
  return ['server', 'client'].map((role) => ({
    name: `${name} (${role})`,
    run: (t) => run(t, role),
    differs: differs(role),
  }));
}

module.exports = { onEachRole };
