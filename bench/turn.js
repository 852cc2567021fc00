'use strict';

const { figuresOf } = require('./figures');
const { runLoad } = require('./load');
const { Server } = require('./program');

/** The flags of the load that every measured window has. */
function windowFlags({ warmUp, seconds }) {
  return { 'warm-up-ms': warmUp * 1000, 'window-ms': seconds * 1000 };
}

/**
 * One turn of a peer's server: a new process, loaded in one mode of the load, measured, ended.
 *   settings   what the server takes
 *   flags      what the load takes beyond the server and the window
 *   cores      which core the server and the load may use, if not all
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
