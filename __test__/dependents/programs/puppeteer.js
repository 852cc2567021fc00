'use strict';

const assert = require('node:assert/strict');
const { after, before, it } = require('node:test');
const puppeteer = require('puppeteer-core');
const WebSocket = require('ws');
const { skip, chromium } = require('../../support/browser');
const { assertLoads, listen, next } = require('../program');

let browser;
let page;

before(async () => {
  if (skip) return;
  browser = await puppeteer.launch({
    executablePath: chromium,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    protocolTimeout: 0,
    timeout: 0,
  });
  page = await browser.newPage();
});

after(() => browser?.close());

it('puppeteer-core loads the implementation under test', () => {
  assertLoads('puppeteer-core');
});

it('evaluates in a page, thousands of times', { skip }, async () => {
  const results = await Promise.all(
    Array.from({ length: 2000 }, (_, i) => page.evaluate((number) => number * 2, i)),
  );
  assert.deepEqual(
    results,
    results.map((_, i) => i * 2),
  );
});

it('gets long answers: text of 8 MB, and a picture', { skip }, async () => {
  const text = await page.evaluate(() => 'é漢😀 '.repeat(1 << 20));
  assert.equal(text, 'é漢😀 '.repeat(1 << 20));
  const picture = await page.screenshot();
  assert.equal(Buffer.from(picture.subarray(1, 4)).toString(), 'PNG');
});

it('hears what the page says on its console', { skip }, async () => {
  const said = next(page, 'console');
  await page.evaluate(() => console.log('from the page'));
  assert.equal((await said)[0].text(), 'from the page');
});

it('has a browser that talks to a server of the implementation', { skip }, async () => {
  const server = new WebSocket.WebSocketServer({ noServer: true, perMessageDeflate: true });
  server.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  const web = require('node:http').createServer((_request, response) => response.end('<p>'));
  web.on('upgrade', (request, socket, head) => {
    server.handleUpgrade(request, socket, head, (websocket) =>
      server.emit('connection', websocket, request),
    );
  });
  const host = await listen(web);
  await page.goto(`http://${host}/`);
  const echoed = await page.evaluate(async (url) => {
    const socket = new WebSocket(url);
    const texts = [];
    await new Promise((resolve) => {
      socket.onopen = () => {
        for (let i = 0; i < 1000; i++) socket.send(`message ${i}`);
      };
      socket.onmessage = ({ data }) => texts.push(data) === 1000 && resolve();
    });
    const closed = new Promise((resolve) => {
      socket.onclose = ({ code, wasClean }) => resolve({ code, wasClean });
    });
    socket.close(4000);
    return { texts, extensions: socket.extensions, ...(await closed) };
  }, `ws://${host}/`);
  assert.deepEqual(
    echoed.texts,
    echoed.texts.map((_, i) => `message ${i}`),
  );
  assert.match(echoed.extensions, /^permessage-deflate/);
  assert.deepEqual([echoed.code, echoed.wasClean], [4000, true]);
  web.close();
  web.closeAllConnections();
});
