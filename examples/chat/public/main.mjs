import { Chart } from './chart.mjs';
import { Connection } from './connection.mjs';
import { runEcho } from './echo.mjs';
import { randomKey, randomName } from './identity.mjs';
import { byId, notice, said, sending, showCounts, showPeople, showStatus } from './view.mjs';

const ECHO_MESSAGES = 20000;
// The server drops a text without any of these.
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u;

const chart = new Chart(byId('area'), byId('line'));
const nameField = byId('name');
const textField = byId('text');

// Kept per tab, so that two tabs are two people and a reload is the same one.
let myName = kept('name') || keep('name', randomName());
const key = kept('key') || keep('key', randomKey());
nameField.value = myName;
textField.value = kept('draft') ?? '';

let me = null;
let lastSaid = 0;
// Messages that were sent and have not come back yet: `ref` → {text, shown}.
const unsent = new Map();
// It begins at the clock, because the history can have references from before a reload.
let lastRef = Date.now();

const connection = new Connection(urlOf('/chat'), 'chat', {
  onOpen: sendName,
  onMessage(message) {
    if (Object.hasOwn(receivers, message.type)) receivers[message.type](message);
  },
  onLost() {
    me = null;
    showStatus('closed', 'Connection lost. Reconnecting…');
  },
});

const receivers = {
  welcome(message) {
    connection.resetRetries();
    me = message.you;
    if (![null, message.room].includes(kept('room'))) {
      notice('The server restarted and forgot what was said before.');
      lastSaid = 0;
    }
    keep('room', message.room);
    if (lastSaid > 0 && message.history[0]?.id > lastSaid + 1) {
      notice('Some messages are missing here: the server no longer has them.');
    }
    // The log stays after a lost connection, so only new messages are added.
    for (const earlier of message.history) {
      if (earlier.id > lastSaid) receivers.said(earlier);
    }
    receivers.people(message);
    showStatus('open', 'Connected');
    for (const [ref, { text }] of unsent) {
      connection.send({ type: 'say', text, ref });
    }
  },
  people({ people }) {
    const self = people.find((person) => person.id === me.id);
    if (self) showOwnName(self.name);
    showPeople(people, me.id);
  },
  notice({ text }) {
    notice(text);
  },
  said(message) {
    lastSaid = message.id;
    const mine = message.from.id === me.id;
    if (mine && unsent.has(message.ref)) {
      unsent.get(message.ref).shown.remove();
      unsent.delete(message.ref);
    }
    said(message, mine);
  },
  counts(message) {
    showCounts(message);
    chart.add(message.messagesPerSecond);
  },
};

function kept(item) {
  return sessionStorage.getItem(item);
}

function keep(item, value) {
  sessionStorage.setItem(item, value);
  return value;
}

// The server's name does not overwrite one that the user types.
function showOwnName(name) {
  myName = keep('name', name);
  if (document.activeElement !== nameField) nameField.value = name;
}

function sendName() {
  connection.send({ type: 'name', name: myName, key });
}

function urlOf(path) {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${path}`;
}

byId('compose').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = textField.value.trim();
  if (me && VISIBLE.test(text)) {
    lastRef += 1;
    unsent.set(lastRef, { text, shown: sending(me, text) });
    connection.send({ type: 'say', text, ref: lastRef });
    textField.value = keep('draft', '');
  }
  // A phone closes its keyboard if the button has the focus.
  textField.focus();
});

textField.addEventListener('input', () => {
  keep('draft', textField.value);
});

byId('rename').addEventListener('submit', (event) => {
  event.preventDefault();
  textField.focus();
});

nameField.addEventListener('change', () => {
  myName = keep('name', nameField.value);
  sendName();
});

byId('run-echo').addEventListener('click', async (event) => {
  const button = event.currentTarget;
  const result = byId('echo-result');
  button.disabled = true;
  result.value = 'Running…';
  try {
    const seconds = await runEcho(urlOf('/echo'), ECHO_MESSAGES);
    const rate = Math.round(ECHO_MESSAGES / seconds).toLocaleString('en');
    result.value = `${seconds.toFixed(2)} s, ${rate} round trips a second`;
  } catch (error) {
    result.value = error.message;
  } finally {
    button.disabled = false;
  }
});

textField.focus();
