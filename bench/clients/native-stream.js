require('./upstream-api')(require('../..'), { transport: 'stream' });
