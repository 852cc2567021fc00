'use strict';

/** The same scenario for a server's WebSocket and for a client's. */
function onEachRole(name, run, rest = {}) {
  return ['server', 'client'].map((role) => ({
    name: `${name} (${role})`,
    run: (t) => run(t, role),
    ...rest,
  }));
}

module.exports = { onEachRole };
