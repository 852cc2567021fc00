'use strict';

// A server for a peer that floods it and one that asks a question after the other: it answers each,
// and reports how many messages of the flood it had been given between two of them.
//
//   node fair.js TRANSPORT QUESTIONS

const { listen, report } = require('./common');

const [transport, questions] = process.argv.slice(2);
const between = [];
let flood = 0;

listen({ transport }, (connection) => {
  connection.on('message', ({ type, utf8Data }) => {
    if (type === 'binary') {
      flood++;
      return;
    }
    between.push(flood);
    flood = 0;
    connection.send(utf8Data);
    if (between.length === Number(questions)) report(between);
  });
}).then(({ url }) => report(url));
