'use strict';

require('./ws-api')(require('../../lib/ws'));
