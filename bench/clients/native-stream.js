'use strict';

require('./upstream-api')(require('../..'), { transport: 'stream' });
