'use strict';

// The chat page in a real browser when it is reloaded, when its connection is lost, when its server
// restarts, and when a phone's keyboard covers half of its height.

const assert = require('node:assert');
const { after, before, beforeEach, describe, it } = require('node:test');

const { skip, startBrowser } = require('./support/browser');
const { hasPeople, hasSaid, isConnected, start } = require('./support/chat');
const PATIENCE = require('./support/patience');

const LOST = 'Connection lost. Reconnecting…';
const RESTARTED = 'The server restarted and forgot what was said before.';

// These run inside the page.
const isLost = (line) => document.querySelector('#status').textContent === line;
const isSendOff = () => document.querySelector('#compose button').disabled;
const field = () => document.querySelector('#text').value;
const isNoted = (text) =>
  [...document.querySelectorAll('.notice')].some((notice) => notice.textContent === text);
const isEmptyHintShown = () => document.querySelector('#empty').checkVisibility();
const texts = (selector) =>
  [...document.querySelectorAll(`${selector} .words bdi`)].map((said) => said.textContent);
const colours = () =>
  [...document.querySelectorAll('#people li')]
    .map((person) => {
      const { backgroundColor } = getComputedStyle(person.querySelector('.badge'));
      return `${person.querySelector('bdi').textContent}: ${backgroundColor}`;
    })
    .sort();
// Reports that the network is back, so that the page does not wait for its next attempt.
const comeBack = () => window.dispatchEvent(new Event('online'));

// Lets the test cut the socket, lose its messages, and end the wait for a silent server.
const inReach = () => {
  const { setTimeout } = window;
  window.setTimeout = (run, ms) => {
    if (ms === 10_000) window.endSilence = run;
    return setTimeout(run, ms);
  };
  window.WebSocket = class extends WebSocket {
    constructor(...args) {
      super(...args);
      window.lastSocket = this;
    }
    set onmessage(handler) {
      super.onmessage = handler && ((event) => window.isDeaf || handler(event));
    }
  };
};

const untilSmaller = (height) =>
  new Promise((resolve) => {
    const look = () => {
      const isSmaller = document.querySelector('#log').clientHeight < height;
      // The page reacts at the end of this frame.
      requestAnimationFrame(isSmaller ? resolve : look);
    };
    requestAnimationFrame(look);
  });
/** More frames than the page needs for a reaction, even on a busy machine. */
const untilAtEnd = () =>
  new Promise((resolve) => {
    let frames = 60;
    const look = () => {
      const { scrollHeight, scrollTop, clientHeight } = document.querySelector('#log');
      frames -= 1;
      const isOver = scrollHeight - scrollTop - clientHeight < 2 || frames === 0;
      if (isOver) resolve();
      else requestAnimationFrame(look);
    };
    look();
  });
const logSize = () => {
  const { scrollHeight, scrollTop, clientHeight } = document.querySelector('#log');
  return { clientHeight, scrollTop, below: scrollHeight - scrollTop - clientHeight };
};

describe('the chat page after interruptions', {
  skip: skip || (process.platform === 'win32' && 'Windows has no signals'),
  timeout: PATIENCE,
}, () => {
  let browser;
  let server;
  let ada;
  let grace;

  before(() => {
    browser = startBrowser();
  });

  after(async () => {
    await browser?.close();
    server?.child.kill('SIGKILL');
  });

  beforeEach(async () => {
    server?.child.kill('SIGKILL');
    await Promise.all([ada?.close(), grace?.close()]);
    server = await start();
    ada = await browser.open(server.url, inReach);
    grace = await browser.open(server.url, inReach);
    for (const tab of [ada, grace]) await tab.until(isConnected);
    await ada.call('Ada');
    await grace.call('Grace');
    for (const tab of [ada, grace]) await tab.until(hasPeople, 'Ada', 'Grace');
  });

  async function loseServer() {
    server.child.kill('SIGKILL');
    await server.ended;
    for (const tab of [ada, grace]) await tab.until(isLost, LOST);
  }

  async function startAgain() {
    server = await start(undefined, server.url.port);
    for (const tab of [ada, grace]) {
      await tab.run(comeBack);
      await tab.until(isConnected);
    }
  }

  it('knows its own messages after a reload', async () => {
    await ada.say('from Ada');
    await grace.until(hasSaid, 'from Ada');
    await grace.say('from Grace');
    await ada.until(hasSaid, 'from Grace');

    await ada.reload();
    await ada.until(isConnected);
    await ada.until(hasSaid, 'from Grace');
    assert.deepStrictEqual(await ada.run(texts, '.mine'), ['from Ada']);
    assert.deepStrictEqual(await ada.run(texts, '.message:not(.mine)'), ['from Grace']);
  });

  it('shows everyone with the same name and colour after a reload and a restart', async () => {
    const before = await ada.run(colours);
    await ada.reload();
    await ada.until(hasPeople, 'Ada', 'Grace');
    assert.deepStrictEqual(await ada.run(colours), before);
    await loseServer();
    await startAgain();
    await ada.until(hasPeople, 'Ada', 'Grace');
    assert.deepStrictEqual(await ada.run(colours), before);
  });

  it('keeps an unsent text over a reload', async () => {
    await ada.type('#text', 'not finished');
    await ada.reload();
    assert.strictEqual(await ada.run(field), 'not finished');
  });

  it('shows that the connection is lost, and sends nothing until it is back', async () => {
    await ada.say('before');
    await grace.until(hasSaid, 'before');
    await ada.resize(320, 568);
    const headerHeight = () => document.querySelector('header').offsetHeight;
    const before = await ada.run(headerHeight);
    assert.strictEqual(await ada.run(isSendOff), false);

    await loseServer();
    assert.strictEqual(await ada.run(isSendOff), true);
    assert.strictEqual(await ada.run(headerHeight), before);
    const isCut = () => {
      const line = document.querySelector('#status');
      return line.scrollWidth > line.clientWidth;
    };
    assert.strictEqual(await ada.run(isCut), false);

    await ada.say('while it was lost');
    assert.strictEqual(await ada.run(field), 'while it was lost');
    assert.deepStrictEqual(await ada.run(texts, '.message'), ['before']);

    await startAgain();
    assert.strictEqual(await ada.run(field), 'while it was lost');
    assert.strictEqual(await ada.run(isSendOff), false);
    await ada.press('Enter', 13);
    await grace.until(hasSaid, 'while it was lost');
    assert.strictEqual(await ada.run(field), '');
  });

  it('keeps the log when the server restarts, and says that the server has lost its own', async () => {
    await ada.say('before the restart');
    await grace.until(hasSaid, 'before the restart');
    await loseServer();
    await startAgain();
    for (const tab of [ada, grace]) {
      await tab.until(isNoted, RESTARTED);
      await tab.until(hasPeople, 'Ada', 'Grace');
      assert.deepStrictEqual(await tab.run(texts, '.message'), ['before the restart']);
    }
    assert.deepStrictEqual(await ada.run(texts, '.mine'), ['before the restart']);

    // Messages with new numbers must not count as known.
    await grace.say('after the restart');
    await ada.until(hasSaid, 'after the restart');
  });

  it('explains an empty log after a restart', async () => {
    await ada.say('before the restart');
    await grace.until(hasSaid, 'before the restart');
    const keepAway = () => {
      window.WebSocket = class {
        close() {}
      };
    };
    await ada.run(keepAway);
    await loseServer();
    server = await start(undefined, server.url.port);
    await ada.reload();
    await ada.until(isConnected);
    assert.strictEqual(await ada.run(isNoted, RESTARTED), true);
    assert.strictEqual(await ada.run(isEmptyHintShown), true);
  });

  it('delivers after a restart what it sent to the lost server', async () => {
    server.child.kill('SIGSTOP');
    await ada.say('into the void');
    assert.deepStrictEqual(await ada.run(texts, '.mine'), ['into the void']);
    await loseServer();
    assert.deepStrictEqual(await ada.run(texts, '.mine.sending'), ['into the void']);
    await startAgain();
    await grace.until(hasSaid, 'into the void');
    await ada.until(() => document.querySelector('.mine:not(.sending)'));
    for (const tab of [ada, grace]) {
      assert.deepStrictEqual(await tab.run(texts, '.message'), ['into the void']);
    }
  });

  it('treats a long silence as a lost connection', async () => {
    server.child.kill('SIGSTOP');
    await ada.run(() => window.endSilence());
    await ada.until(isLost, LOST);
    assert.strictEqual(await ada.run(isSendOff), true);
    // For the server the first connection is still open. It must not count as another person.
    server.child.kill('SIGCONT');
    await ada.run(comeBack);
    await ada.until(isConnected);
    await ada.say('back');
    await grace.until(hasSaid, 'back');
    await grace.until(hasPeople, 'Ada', 'Grace');
  });

  it('sends nothing twice, and misses nothing, when only the answers were lost', async () => {
    await ada.run(() => {
      window.isDeaf = true;
    });
    await ada.say('heard by Grace only');
    await grace.until(hasSaid, 'heard by Grace only');
    await grace.say('an answer');
    await grace.until(hasSaid, 'an answer');
    await ada.run(() => {
      window.isDeaf = false;
      window.lastSocket.close();
    });
    await ada.until(isLost, LOST);
    await ada.run(comeBack);
    await ada.until(isConnected);
    await ada.say('the last one');
    for (const tab of [ada, grace]) {
      await tab.until(hasSaid, 'the last one');
      await tab.until(() => !document.querySelector('.sending'));
      const all = ['heard by Grace only', 'an answer', 'the last one'];
      assert.deepStrictEqual(await tab.run(texts, '.message'), all);
    }
  });

  it('says that messages are missing after a long absence', async () => {
    await ada.say('first');
    await grace.until(hasSaid, 'first');
    await ada.run(() => {
      window.isDeaf = true;
    });
    for (let number = 1; number <= 51; number += 1) await grace.say(`number ${number}`);
    await grace.until(hasSaid, 'number 51');
    await ada.run(() => {
      window.isDeaf = false;
      window.lastSocket.close();
    });
    await ada.until(isLost, LOST);
    await ada.run(comeBack);
    await ada.until(hasSaid, 'number 51');
    const missing = 'Some messages are missing here: the server no longer has them.';
    assert.strictEqual(await ada.run(isNoted, missing), true);
    assert.strictEqual((await ada.run(texts, '.message')).length, 51);
  });

  it('keeps the end of the log visible when a keyboard covers half of the height', async () => {
    await ada.resize(390, 844);
    for (let number = 1; number <= 30; number += 1) await grace.say(`number ${number}`);
    await ada.until(hasSaid, 'number 30');
    const tall = await ada.run(logSize);
    assert.ok(tall.scrollTop > 0 && tall.below < 2, JSON.stringify(tall));

    await ada.resize(390, 420);
    await ada.run(untilSmaller, tall.clientHeight);
    await ada.run(untilAtEnd);
    const short = await ada.run(logSize);
    assert.ok(short.below < 2, JSON.stringify(short));
    const isSendInSight = () => {
      const { top, bottom } = document.querySelector('#compose').getBoundingClientRect();
      return top >= 0 && bottom <= window.innerHeight;
    };
    assert.strictEqual(await ada.run(isSendInSight), true);
  });

  it('does not scroll when the reader has scrolled up', async () => {
    await ada.resize(390, 844);
    for (let number = 1; number <= 30; number += 1) await grace.say(`number ${number}`);
    await ada.until(hasSaid, 'number 30');
    const scrollUp = () =>
      new Promise((resolve) => {
        const log = document.querySelector('#log');
        log.addEventListener('scroll', () => requestAnimationFrame(resolve), { once: true });
        log.scrollTop = 100;
      });
    await ada.run(scrollUp);
    const { clientHeight } = await ada.run(logSize);
    await ada.resize(390, 420);
    await ada.run(untilSmaller, clientHeight);
    await grace.say('one more');
    await ada.until(hasSaid, 'one more');
    assert.strictEqual((await ada.run(logSize)).scrollTop, 100);
    await ada.say('my own');
    await ada.until(hasSaid, 'my own');
    assert.ok((await ada.run(logSize)).below < 2);
  });
});
