'use strict';

const { figuresOf } = require('./figures');
const { runLoad } = require('./load');
const { Server } = require('./program');

/** The load's flags for every measured window. */
function windowFlags({ warmUp, seconds }) {
  return { 'warm-up-ms': warmUp * 1000, 'window-ms': seconds * 1000 };
}

/**
 * One turn of a peer's server: a new process, one mode of the load, one measurement.
 *   settings   of the server, see servers/host.js
 *   flags      of the load, beyond those of the server and the window
 *   cores      the cores of the server and the load, if not all
 */
async function loadServer({ peer, cell, settings, mode, flags, cores = {} }, options) {
  const server = await Server.start(peer, settings, cores.server);
  try {
    const whom = { port: server.port, pid: server.pid, connections: cell.connections };
    const all = { ...whom, ...flags, ...windowFlags(options) };
    const measured = await runLoad(mode, all, { core: cores.load });
    return { ...figuresOf(measured, cell), bufferutil: server.details.bufferutil };
  } finally {
    await server.stop();
  }
}

module.exports = { loadServer, windowFlags };
