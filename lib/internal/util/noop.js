'use strict';

/** Does nothing: for where a callback or a listener is required. */
module.exports = function noop() {};
