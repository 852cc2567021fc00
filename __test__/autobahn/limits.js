'use strict';

const MOST = 64 * 1024 * 1024;

/**
 * What the suite's large messages need. Each message is echoed in one frame. Compression is there
 * for all groups, since the suite agrees on it in 12 and 13 only; without a threshold, since many
 * of their messages are small.
 */
const LIMITS = {
  maxReceivedFrameSize: MOST,
  maxReceivedMessageSize: MOST,
  fragmentOutgoingMessages: false,
  perMessageDeflate: { threshold: 0 },
};

module.exports = { LIMITS };
