'use strict';

const TYPES = ['open', 'message', 'error', 'close'];

/** The parts of an event that a listener reads. */
function describeEvent(event) {
  const { type, data, code, reason, wasClean } = event;
  if (type === 'message') return [type, data];
  return type === 'close' ? [type, code, reason, wasClean] : [type];
}

/**
 * A W3CWebSocket to a raw server. Its events are recorded with the state at each. `Class` is the
 * class to construct instead of the package's own. `sees` returns what to record of an event.
 */
async function opened(t, options = {}) {
  const { url = '/', args = [], headers, peer: peerOptions, Class = t.ws.w3cwebsocket } = options;
  const { sees = describeEvent } = options;
  let peer;
  const port = await t.rawServer((raw, key) => {
    peer = raw;
    t.agree(raw, key, headers);
  }, peerOptions);
  const [protocols, origin, ownHeaders, requestOptions, config] = args;
  const address = `ws://127.0.0.1:${port}${url}`;
  const socket = new Class(
    address,
    protocols,
    origin,
    ownHeaders,
    requestOptions,
    t.config(config),
  );
  const lane = t.lane('w3c');
  for (const type of TYPES) {
    socket[`on${type}`] = (event) => lane.add(...sees(event), socket.readyState);
  }
  await Promise.race([lane.until('open'), lane.until('close')]);
  t.adopted ||= socket._connection?.transport === 'native';
  return { socket, peer, lane };
}

async function closed(lane, peer) {
  await lane.until('close');
  await peer.seen('gone');
}

/** A port without a listener. */
async function deadPort(t) {
  const { server, port } = await t.httpServer();
  server.close();
  await new Promise((resolve) => server.once('close', resolve));
  return port;
}

module.exports = { TYPES, closed, deadPort, describeEvent, opened };
