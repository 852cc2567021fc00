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

module.exports = { LIMITS };
