'use strict';

require('./upstream-api')(require('websocket'));
