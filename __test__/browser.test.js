'use strict';

// The page of `npm start` in a real browser. BROWSER_SCREENSHOT=1 saves pictures of the tabs.

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');

const { skip, startBrowser } = require('./support/browser');
const { hasPeople, hasSaid, isConnected, start } = require('./support/chat');
const PATIENCE = require('./support/patience');

describe('the chat page in Chromium', { skip, timeout: PATIENCE }, () => {
  let server;
  let browser;
  let ada;
  let grace;

  before(async () => {
    server = await start();
    browser = startBrowser();
    [ada, grace] = [await browser.open(server.url), await browser.open(server.url)];
  });

  after(async () => {
    await browser?.close();
    server?.child.kill('SIGKILL');
  });

  it('connects both tabs, each under the name it chose', async () => {
    await ada.until(isConnected);
    await grace.until(isConnected);
    await ada.call('Ada');
    await grace.call('Grace');
    for (const tab of [ada, grace]) await tab.until(hasPeople, 'Ada', 'Grace');
  });

  it('shows in each tab what the other one says', async () => {
    const talk = [
      [ada, 'Hello from the first tab'],
      [grace, 'And hello from the second: é 漢字 👩‍🚀'],
      [ada, 'The frames between us are coded in Rust.'],
      [grace, 'And this page only sees WebSocket messages.'],
    ];
    for (const [speaker, text] of talk) {
      await speaker.say(text);
      for (const tab of [ada, grace]) await tab.until(hasSaid, text);
    }
    const mine = await ada.run(() => document.querySelectorAll('.message.mine').length);
    assert.strictEqual(mine, 2);
    const isHintShown = () => document.querySelector('#empty').checkVisibility();
    assert.strictEqual(await ada.run(isHintShown), false);
  });

  it('keeps a name that is being typed when the server says hello', async () => {
    const joan = await browser.open(server.url, () => {
      // A user types as soon as the first name has been sent.
      window.WebSocket = class extends WebSocket {
        send(data) {
          super.send(data);
          const field = document.querySelector('#name');
          field.focus();
          field.value = 'Joa';
        }
      };
    });
    const isWelcome = () => document.querySelector('.notice')?.textContent.endsWith(' joined');
    await joan.until(isWelcome);
    assert.strictEqual(await joan.run(() => document.querySelector('#name').value), 'Joa');
    await joan.close();
    await ada.until(hasPeople, 'Ada', 'Grace');
  });

  it('shows markup in names and texts as text', async () => {
    const markup = '<img src=x onerror="document.title=1"><b>bold</b>';
    await grace.call('<i>Grace</i>');
    await grace.say(markup);
    await ada.until(hasSaid, markup);
    await ada.until(hasPeople, 'Ada', '<i>Grace</i>');
    assert.strictEqual(await ada.run(() => document.querySelectorAll('.log b, main i').length), 0);
    assert.strictEqual(await ada.run(() => document.querySelectorAll('.log img').length), 0);
    await grace.call('Grace');
    await ada.until(hasPeople, 'Ada', 'Grace');
  });

  it('runs 20,000 messages through /echo and shows the counts move', async () => {
    await ada.run(() => document.querySelector('#run-echo').click());
    const result = await ada.until(
      () =>
        / round trips a second$/.test(document.querySelector('#echo-result').value) &&
        document.querySelector('#echo-result').value,
    );
    assert.match(result, /^\d+\.\d\d s, [\d,]+ round trips/);
    const number = '(id) => Number(document.querySelector(id).textContent.replace(/,/g, ""))';
    await grace.until(`(number = ${number}) => number('#rate') > 0`);
    await grace.until(`(number = ${number}) =>
      number('#connections') === 2 && number('#native') + number('#stream') === 2`);
  });

  it('has no problems in the console, such as the content security policy', () => {
    assert.deepStrictEqual([...ada.problems, ...grace.problems], []);
  });

  it('can be captured in a picture', {
    skip: !process.env.BROWSER_SCREENSHOT && 'set BROWSER_SCREENSHOT=1',
  }, async (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'websocket-native-screenshots-'));
    await ada.screenshot(path.join(folder, 'ada.png'));
    const dark = [{ name: 'prefers-color-scheme', value: 'dark' }];
    await grace.send('Emulation.setEmulatedMedia', { features: dark });
    await grace.screenshot(path.join(folder, 'grace-dark.png'));
    await ada.resize(390, 844);
    await ada.screenshot(path.join(folder, 'ada-phone.png'));
    await ada.send('Emulation.clearDeviceMetricsOverride');
    t.diagnostic(`screenshots are in ${folder}`);
  });

  it('shows that the server is gone', { skip: process.platform === 'win32' }, async () => {
    server.child.kill('SIGINT');
    for (const tab of [ada, grace]) {
      await tab.until(
        () => document.querySelector('#status').textContent === 'Connection lost. Reconnecting…',
      );
    }
  });
});
