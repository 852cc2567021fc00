'use strict';

require('./ws-api')(require('ws'));
