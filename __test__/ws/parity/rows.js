'use strict';

/** The reasons for declared differences, by the names that scenarios use. */
module.exports = {};
