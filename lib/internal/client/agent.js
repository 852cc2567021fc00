'use strict';

const https = require('node:https');

const connect = require('./connect');
const { debug } = require('../tls/options');

const nodes = { Agent: https.Agent, createConnection: https.Agent.prototype.createConnection };
const isOriginal = /\b_agentKey\b/.test(String(nodes.createConnection));

/** What `agent: false` means in Node: a new https.Agent for one request. */
class ClientAgent extends https.Agent {
  createConnection(options) {
    return connect(options);
  }
}

/**
 * The agent for a request whose options have `agent: false`. An application may have replaced the
 * class, the global agent or its way to connect, and then that is what it wants.
 *
 * @returns {https.Agent | false}
 */
function clientAgent() {
  const { Agent, globalAgent } = https;
  const isNodes =
    isOriginal &&
    Agent === nodes.Agent &&
    globalAgent.constructor === Agent &&
    Agent.prototype.createConnection === nodes.createConnection;
  if (isNodes) return new ClientAgent();
  debug('TLS of a client is done by Node: %s', 'a replaced https.Agent');
  return false;
}

module.exports = clientAgent;
