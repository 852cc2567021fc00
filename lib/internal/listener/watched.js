'use strict';

// Decides whether the engine may accept the connections of a server. The engine tells JavaScript of
// a connection when its first request is there, so nobody may want to see it earlier.

/**
 * Whether somebody looks at a server's connections before their first request: listens to them,
 * counts them, or limits the time for which they are idle.
 *
 * @param {any} server
 * @param {Map<string, Function[]>} nodes Node's own listeners, see `listenersOf`
 */
function isWatched(server, nodes) {
  if (server.maxConnections != null || server.timeout > 0 || server.pauseOnConnect) return true;
  if (Object.hasOwn(server, 'emit')) return true;
  for (const [event, known] of nodes) {
    const present = server.rawListeners(event);
    if (present.length !== known.length || present.some((one, i) => one !== known[i])) return true;
  }
  return false;
}

/**
 * @param {any} server
 * @param {string[]} events
 * @returns {Map<string, Function[]>} the listeners that it has for each of the events
 */
function listenersOf(server, events) {
  return new Map(events.map((event) => [event, server.rawListeners(event)]));
}

/**
 * Makes a property of an object call back when its value is set. A property that the object does
 * not have yet becomes enumerable with its first value.
 *
 * @param {any} target
 * @param {string} name
 * @param {() => void} callback
 */
function onSet(target, name, callback) {
  let value = target[name];
  const redefine = (enumerable) => {
    const get = () => value;
    const set = (next) => {
      value = next;
      if (!enumerable) redefine(true);
      callback();
    };
    Object.defineProperty(target, name, { get, set, enumerable, configurable: true });
  };
  redefine(Object.hasOwn(target, name));
}

module.exports = { isWatched, listenersOf, onSet };
