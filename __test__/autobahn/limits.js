'use strict';

const MOST = 64 * 1024 * 1024;

/**
 * Options for the suite's large messages. Each message is echoed in one frame. Compression is on
 * for all groups, because the suite negotiates it in 12 and 13 only. It has no threshold, because
 * many of their messages are small.
 */
const LIMITS = {
  maxReceivedFrameSize: MOST,
  maxReceivedMessageSize: MOST,
  fragmentOutgoingMessages: false,
  perMessageDeflate: { threshold: 0 },
};

/**
 * Ends the process if the suite would run on another transport than its name says. A connection is
 * adopted in a later turn at the latest, so this looks when it closes.
 *
 * @param {any} connection
 * @param {boolean} isNative
 */
function expectTransport(connection, isNative) {
  connection.on('close', () => {
    if ((connection.transport === 'native') === isNative) return;
    console.error(`The transport of a connection is ${connection.transport}`);
    process.exit(1);
  });
}

module.exports = { LIMITS, expectTransport };
