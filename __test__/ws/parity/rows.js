'use strict';

/** The reasons for declared differences, by the names that scenarios use. */
module.exports = {
  throwingListeners: 'a message listener that throws stalls the connection for ever',
  bufferedChunks: 'maxBufferedChunks counts chunks of an incomplete frame',
  compressedFragments: 'fragments of a compressed message',
  sendContexts: 'the callback of a send that waits runs in the async context of an earlier one',
  pendingSends: 'over TLS, terminate() loses sends that wait for an earlier one',
  dataListeners: '_socket.removeAllListeners("data") stops reception',
};
