'use strict';

/** Defaults of options that are needed where no config is complete. */
module.exports = {
  /** Milliseconds for a closing handshake, and for the peer to read why it is rejected. */
  CLOSE_TIMEOUT: 5000,
};
