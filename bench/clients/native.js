'use strict';

require('./upstream-api')(require('../..'));
