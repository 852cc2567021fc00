'use strict';

// One handler of the server throws repeatedly. The two clients must get all their answers.
//
//   node throwing.js TRANSPORT EVENT [fatal]

const { dial, listen, report } = require('./common');

const MESSAGES = 100;

const [transport, event, fatal] = process.argv.slice(2);
const caught = [];
const answers = [[], []];
const seen = [];
let closed = 0;

if (!fatal) process.on('uncaughtException', (error) => caught.push(error.message));

const listening = listen({ transport }, (connection) => {
  connection.on('message', ({ utf8Data }) => {
    seen.push(utf8Data);
    const tenth = utf8Data.endsWith('0');
    connection.send(utf8Data, () => fail('callback', tenth));
    fail('message', tenth);
  });
  connection.on('pong', (data) => fail('pong', `${data}`.endsWith('0')));
  connection.on('drain', () => fail('drain', true));
  connection.on('close', () => {
    closed++;
    // By now every event of this connection has been delivered.
    setImmediate(onServerClose);
    fail('close', true);
  });
  for (let i = 0; i < MESSAGES; i++) connection.ping(`${i}`);
  fail('connect', true);
});

listening.then(({ url }) => {
  dial(url, { transport }, (connection) => converse(connection, 0));
  dial(url, { transport }, (connection) => converse(connection, 1));
});

function fail(where, when) {
  if (where === event && when) throw new Error(`thrown in ${where}`);
}

function converse(connection, index) {
  connection.on('message', ({ utf8Data }) => {
    if (answers[index].push(utf8Data) === MESSAGES) connection.close();
  });
  for (let i = 0; i < MESSAGES; i++) connection.send(`${index}: ${i}`);
}

async function onServerClose() {
  if (closed < 2) return;
  (await listening).close();
  report({ caught, answers, seen: seen.length });
}
