'use strict';

/**
 * Each kind of cell is a file: the form of its names, its default cells, and how to measure one.
 */
const KINDS = {
  echo: require('./kinds/echo'),
  app: require('./kinds/app'),
  deflate: require('./kinds/deflate'),
  broadcast: require('./kinds/broadcast'),
  'connect-close': require('./kinds/connect-close'),
  storm: require('./kinds/storm'),
  idle: require('./kinds/idle'),
  client: require('./kinds/client'),
  engineio: require('./kinds/engineio'),
  'stream-pipe': require('./kinds/stream-pipe'),
};

const DEFAULT_CELLS = Object.values(KINDS).flatMap((kind) => kind.cells);

function parseCell(name) {
  for (const [kind, { parse }] of Object.entries(KINDS)) {
    const cell = parse(name);
    if (cell) return { name, kind, ...cell };
  }
  throw new Error(
    `no cell ${name}; there are ${DEFAULT_CELLS.join(', ')}, and others of these forms`,
  );
}

module.exports = { DEFAULT_CELLS, KINDS, parseCell };
