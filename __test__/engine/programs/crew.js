'use strict';

// Runs another of these programs in COUNT worker threads at once.
//
//   node crew.js COUNT PROGRAM ARGUMENT...

const path = require('node:path');
const { Worker } = require('node:worker_threads');

const [count, name, ...argv] = process.argv.slice(2);

for (let i = 0; i < Number(count); i++) {
  const worker = new Worker(path.join(__dirname, name), { argv });
  worker.on('exit', (status) => {
    process.exitCode ||= status;
  });
}
