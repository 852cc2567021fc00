'use strict';

/** The numbers that JavaScript and the addon share. The list is src/binding/abi.rs. */
module.exports = require('./native').abi;
