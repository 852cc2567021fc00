'use strict';

// A server with one peer that floods it and one that asks questions. It answers each question, and
// reports how many messages of the flood came between two questions.
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
