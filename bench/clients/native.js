require('./upstream-api')(require('../..'));
