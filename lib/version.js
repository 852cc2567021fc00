'use strict';

// Not read from package.json: a bundle would contain all of it, and Rollup needs a plugin for that.
module.exports = '1.0.0';
