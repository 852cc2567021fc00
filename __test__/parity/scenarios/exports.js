'use strict';

const { EventEmitter } = require('node:events');

const CLASSES = ['server', 'client', 'router', 'frame', 'request', 'connection', 'w3cwebsocket'];

/** The methods of each class that applications call or replace. */
const METHODS = {
  server: [
    'mount',
    'unmount',
    'closeAllConnections',
    'broadcast',
    'broadcastUTF',
    'broadcastBytes',
    'shutDown',
    'handleUpgrade',
    'handleRequestAccepted',
    'handleConnectionClose',
    'handleRequestResolved',
  ],
  client: ['connect', 'validateHandshake', 'failHandshake', 'succeedHandshake', 'abort'],
  router: [
    'attachServer',
    'detachServer',
    'mount',
    'unmount',
    'findHandlerIndex',
    'pathToRegExp',
    'handleRequest',
  ],
  request: ['readHandshake', 'parseExtensions', 'parseCookies', 'accept', 'reject'],
  frame: ['addData', 'throwAwayPayload', 'toBuffer', 'toString'],
  w3cwebsocket: ['send', 'close'],
  connection: [
    '_addSocketEventListeners',
    'handleSocketData',
    'handleSocketError',
    'handleSocketEnd',
    'handleSocketClose',
    'handleSocketDrain',
    'handleSocketPause',
    'handleSocketResume',
    'processReceivedData',
    'processFrame',
    'setKeepaliveTimer',
    'clearKeepaliveTimer',
    'handleKeepaliveTimer',
    'setGracePeriodTimer',
    'clearGracePeriodTimer',
    'handleGracePeriodTimer',
    'setCloseTimer',
    'clearCloseTimer',
    'handleCloseTimer',
    'pause',
    'resume',
    'close',
    'drop',
    'send',
    'sendUTF',
    'sendBytes',
    'ping',
    'pong',
    'fragmentAndSend',
    'sendCloseFrame',
    'sendFrame',
  ],
};

module.exports = [
  {
    name: 'exports: the names of the package',
    async run(t) {
      const lane = t.lane('exports');
      lane.add('names', Object.keys(t.ws));
      for (const name of CLASSES) lane.add('class', name, typeof t.ws[name], t.ws[name].name);
      lane.add('version', typeof t.ws.version, /^\d+\.\d+\.\d+/.test(t.ws.version));
    },
  },
  {
    name: 'exports: the methods of each class',
    async run(t) {
      const lane = t.lane('exports');
      for (const [name, methods] of Object.entries(METHODS)) {
        for (const method of methods) lane.add(name, method, typeof t.ws[name].prototype[method]);
      }
    },
  },
  {
    name: 'exports: the constants of WebSocketConnection',
    async run(t) {
      const lane = t.lane('exports');
      const constants = Object.entries(t.ws.connection).filter(([name]) => /^CLOSE_/.test(name));
      for (const [name, value] of constants) lane.add(name, value);
    },
  },
  {
    name: 'exports: the EventEmitters',
    async run(t) {
      const lane = t.lane('exports');
      for (const name of CLASSES) {
        lane.add(name, t.ws[name].prototype instanceof EventEmitter);
      }
    },
  },
  {
    name: 'exports: deprecation warns once for a name that it knows',
    async run(t) {
      const lane = t.lane('exports');
      const { deprecation } = t.ws;
      const { warn } = console;
      t.defer(() => {
        console.warn = warn;
        delete deprecation.deprecationWarningMap.old;
      });
      console.warn = (...values) => lane.add('warned', ...values);
      lane.add('fields', deprecation.disableWarnings, deprecation.deprecationWarningMap);
      deprecation.deprecationWarningMap.old = 'use new';
      deprecation.warn('unknown');
      deprecation.warn('old');
      deprecation.warn('old');
      deprecation.disableWarnings = true;
      deprecation.deprecationWarningMap.old = 'again';
      deprecation.warn('old');
      deprecation.disableWarnings = false;
    },
  },
].map((scenario) => ({ adopts: false, ...scenario }));
