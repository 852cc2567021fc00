'use strict';

const MOST = 64 * 1024 * 1024;

/** What the suite's large messages need. Each message is echoed in one frame. */
const LIMITS = {
  maxReceivedFrameSize: MOST,
  maxReceivedMessageSize: MOST,
  fragmentOutgoingMessages: false,
};

module.exports = { LIMITS };
