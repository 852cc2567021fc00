'use strict';

const { DEFAULT_CELLS, parseCell } = require('./cells');
const { PEERS } = require('./peers');

const DEFAULTS = {
  cell: DEFAULT_CELLS.join(','),
  peers: Object.keys(PEERS).join(','),
  rounds: '3',
  seconds: '2',
  'warm-up': '1',
  json: '',
};

function parseOptions(args) {
  const given = { ...DEFAULTS };
  for (let i = 0; i < args.length; i += 2) {
    const name = args[i].replace(/^--/, '');
    if (!(name in given) || args[i + 1] === undefined) {
      throw new Error(`what is ${args[i]}? There are --${Object.keys(given).join(', --')}`);
    }
    given[name] = args[i + 1];
  }
  return {
    cells: given.cell.split(',').map(parseCell),
    peers: given.peers.split(',').map(parsePeer),
    rounds: positive('rounds', given.rounds),
    seconds: positive('seconds', given.seconds),
    warmUp: positive('warm-up', given['warm-up']),
    json: given.json,
  };
}

function parsePeer(name) {
  if (!Object.hasOwn(PEERS, name)) {
    throw new Error(`no peer ${name}; there are ${Object.keys(PEERS).join(', ')}`);
  }
  return PEERS[name];
}

function positive(name, text) {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} ${text} is not a positive number`);
  return value;
}

module.exports = { parseOptions };
