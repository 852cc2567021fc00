'use strict';

// Headless Chromium, driven over its debugging pipe. CHROMIUM names another executable.

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const { EventEmitter, once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'];
const chromium = findChromium();
const skip = chromium ? false : 'NO CHROMIUM FOUND: nothing was tried in a browser';
if (skip) {
  console.error(`${skip}. On Debian: apt-get install chromium`);
}

function findChromium() {
  if (process.env.CHROMIUM) {
    return process.env.CHROMIUM;
  }
  const candidates = (process.env.PATH ?? '')
    .split(path.delimiter)
    .flatMap((folder) => NAMES.map((name) => path.join(folder, name)))
    .concat('/Applications/Google Chrome.app/Contents/MacOS/Google Chrome');
  return candidates.find((file) => fs.existsSync(file));
}

// The Chrome DevTools Protocol over descriptors 3 and 4: JSON texts that end in a NUL.
class Browser {
  #lastId = 0;
  #answers = new Map();
  #sessions = new Map();

  constructor(executable, profile, ownFlags) {
    const flags = [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-dev-shm-usage',
      '--window-size=1180,760',
      `--user-data-dir=${profile}`,
      '--remote-debugging-pipe',
      ...ownFlags,
    ];
    const stdio = ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'];
    this.process = spawn(executable, flags, { stdio });
    this.ended = once(this.process, 'close');
    this.complaints = '';
    this.process.stderr.setEncoding('utf8').on('data', (text) => {
      this.complaints = (this.complaints + text).slice(-4000);
    });
    // `ended` reports a write to a browser that has died, with the browser's error output.
    this.process.stdio[3].on('error', () => {});
    this.ended.then(() => {
      for (const { reject } of this.#answers.values()) {
        reject(new Error(`Chromium ended: ${this.complaints}`));
      }
    });
    let rest = '';
    this.process.stdio[4].setEncoding('utf8').on('data', (text) => {
      const messages = (rest + text).split('\0');
      rest = messages.pop();
      for (const message of messages) {
        this.#receive(JSON.parse(message));
      }
    });
  }

  #receive({ id, sessionId, method, params, result, error }) {
    if (id === undefined) {
      this.#sessions.get(sessionId)?.emit(method, params);
      return;
    }
    const { resolve, reject } = this.#answers.get(id);
    this.#answers.delete(id);
    if (error) {
      reject(new Error(error.message));
    } else {
      resolve(result);
    }
  }

  send(method, params = {}, sessionId = undefined) {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#answers.set(id, { resolve, reject });
      this.process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  }

  // `first` is a function that runs in the page before any of the page's own scripts.
  async open(url, first) {
    // Each tab gets a window, because the browser throttles tabs in the background.
    const { targetId } = await this.send('Target.createTarget', {
      url: 'about:blank',
      newWindow: true,
    });
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
    const events = new EventEmitter();
    this.#sessions.set(sessionId, events);
    const tab = new Tab(events, (method, params) => this.send(method, params, sessionId));
    await tab.load(url, first);
    return tab;
  }

  async close() {
    this.process.kill('SIGKILL');
    await this.ended;
  }
}

class Tab {
  #events;

  constructor(events, send) {
    this.#events = events;
    this.send = send;
    this.problems = [];
    events.on('Runtime.exceptionThrown', ({ exceptionDetails }) => {
      this.problems.push(exceptionDetails.exception?.description ?? exceptionDetails.text);
    });
    events.on('Log.entryAdded', ({ entry }) => {
      if (entry.level === 'error') this.problems.push(`${entry.text} ${entry.url ?? ''}`);
    });
  }

  async close() {
    await this.send('Page.close');
  }

  async load(url, first = () => {}) {
    for (const domain of ['Page', 'Runtime', 'Log']) {
      await this.send(`${domain}.enable`);
    }
    await this.send('Page.addScriptToEvaluateOnNewDocument', { source: `(${first})()` });
    const loaded = once(this.#events, 'Page.loadEventFired');
    await this.send('Page.navigate', { url });
    await loaded;
  }

  async reload() {
    const loaded = once(this.#events, 'Page.loadEventFired');
    await this.send('Page.reload');
    await loaded;
  }

  /** Gives the page a phone's viewport of `width` × `height` CSS pixels. */
  async resize(width, height) {
    const phone = { width, height, deviceScaleFactor: 2, mobile: true };
    await this.send('Emulation.setDeviceMetricsOverride', phone);
  }

  // Evaluates a function in the page, and waits for its promise if it returns one.
  async run(body, ...args) {
    const expression = `(${body})(...${JSON.stringify(args)})`;
    const options = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', options);
    assert.ok(!exceptionDetails, exceptionDetails?.exception?.description);
    return result.value;
  }

  // Resolves as soon as `fits` holds in the page. It is checked after every change of the document.
  async until(fits, ...args) {
    const watch = `(...args) => new Promise((resolve) => {
      const fits = ${fits};
      const look = () => {
        const found = fits(...args);
        if (found) {
          observer.disconnect();
          resolve(found);
        }
      };
      const observer = new MutationObserver(look);
      observer.observe(document, {
        attributes: true, characterData: true, childList: true, subtree: true,
      });
      look();
    })`;
    return this.run(watch, ...args);
  }

  async type(selector, text) {
    await this.run((where) => {
      const field = document.querySelector(where);
      field.focus();
      field.select();
    }, selector);
    await this.send('Input.insertText', { text });
  }

  async press(key, code) {
    for (const type of ['keyDown', 'keyUp']) {
      const text = type === 'keyDown' ? '\r' : undefined;
      await this.send('Input.dispatchKeyEvent', {
        type,
        key,
        code: key,
        text,
        windowsVirtualKeyCode: code,
      });
    }
  }

  async say(text) {
    await this.type('#text', text);
    await this.press('Enter', 13);
  }

  async call(name) {
    await this.type('#name', name);
    await this.press('Enter', 13);
  }

  async screenshot(file) {
    const { data } = await this.send('Page.captureScreenshot');
    fs.writeFileSync(file, Buffer.from(data, 'base64'));
  }
}

/**
 * A browser with a profile of its own. `close()` ends the browser and removes the profile.
 *
 * @param {string[]} [flags] of its command line
 */
function startBrowser(flags = []) {
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'websocket-native-chromium-'));
  const browser = new Browser(chromium, profile, flags);
  const close = async () => {
    await browser.close();
    fs.rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  return { open: (...args) => browser.open(...args), close };
}

module.exports = { chromium, skip, startBrowser };
