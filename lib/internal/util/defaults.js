'use strict';

/** Defaults of options, for code that may get an incomplete config. */
module.exports = {
  /** Milliseconds for a closing handshake, and for a rejected client to read the answer. */
  CLOSE_TIMEOUT: 5000,
};
