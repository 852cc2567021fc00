'use strict';

/**
 * A server of the ws API in a process of its own, so that only its memory counts. `/echo` echoes.
 * Every other path is attacked: its WebSockets' events go to the parent, which can act on them.
 *
 *   node server.js MODULE OPTIONS
 */

const http = require('node:http');

const [, , module_, options] = process.argv;
const WebSocket = require(module_);

const SAMPLE_MS = 2;

const web = http.createServer();
const server = new WebSocket.Server({ server: web, ...JSON.parse(options) });
const attacked = [];
let start = 0;
let peak = 0;

const tell = (message) => process.connected && process.send(message);

function echo(ws) {
  ws.on('message', (data, binary) => ws.send(data, { binary }));
}

function watch(ws) {
  const id = attacked.push(ws) - 1;
  let count = 0;
  ws.on('message', (data) => {
    count += 1;
    tell({ id, event: 'message', count, length: data.length });
  });
  ws.on('error', ({ name, message, code }) => tell({ id, event: 'error', name, message, code }));
  ws.on('close', (code, reason) => tell({ id, event: 'close', code, reason: `${reason}` }));
}

server.on('connection', (ws, { url }) => {
  if (url === '/echo') echo(ws);
  else watch(ws);
});

/** Sends `count` messages of `size` bytes, and reports what the callbacks got. */
function flood(ws, count, size) {
  const data = Buffer.alloc(size, 1);
  let [done, failed] = [0, 0];
  for (let i = 0; i < count; i += 1) {
    ws.send(data, (error) => {
      done += 1;
      if (error) failed += 1;
      if (done === count) tell({ event: 'flooded', failed });
    });
  }
  tell({ event: 'buffered', amount: ws.bufferedAmount });
}

const ACTIONS = {
  pause: (ws) => ws.pause(),
  resume: (ws) => ws.resume(),
  close: (ws, ...values) => ws.close(...values),
  flood,
};

process.on('message', ({ measure, id, act, values = [] }) => {
  if (measure) {
    global.gc();
    tell({ event: 'memory', peak: peak - start });
    [start, peak] = [process.memoryUsage.rss(), 0];
  } else {
    ACTIONS[act](attacked[id], ...values);
    tell({ event: 'acted', act });
  }
});

setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss());
}, SAMPLE_MS);

process.on('disconnect', () => process.exit());
web.listen(0, '127.0.0.1', () => tell({ event: 'port', port: web.address().port }));
