import { Chart } from './chart.mjs';
import { runEcho } from './echo.mjs';
import { randomName } from './names.mjs';
import { byId, notice, said, showCounts, showPeople, showStatus } from './view.mjs';

const RETRY_MS = { first: 500, longest: 8000 };
const ECHO_MESSAGES = 20000;

const chart = new Chart(byId('area'), byId('line'));
const nameField = byId('name');
const textField = byId('text');

// Kept per tab, so that two tabs are two people and a reload is the same one.
nameField.value = sessionStorage.getItem('name') || randomName();

let socket;
let me = null;
let retryAfter = RETRY_MS.first;

function connect() {
  socket = new WebSocket(urlOf('/chat'), 'chat');
  socket.onopen = () => {
    retryAfter = RETRY_MS.first;
    showStatus('open', 'Connected');
    sendName();
  };
  socket.onmessage = (event) => receive(JSON.parse(event.data));
  socket.onclose = (event) => {
    me = null;
    const why = event.reason || `closed with ${event.code}.`;
    showStatus('closed', `Disconnected: ${why} Trying again…`);
    setTimeout(connect, retryAfter);
    retryAfter = Math.min(retryAfter * 2, RETRY_MS.longest);
  };
}

const receivers = {
  welcome(message) {
    me = message.you;
    showOwnName(me.name);
    byId('log').replaceChildren();
    for (const earlier of message.history) {
      said(earlier, false);
    }
    showPeople(message.people, me.id);
  },
  people({ people }) {
    const self = people.find((person) => person.id === me?.id);
    if (self) showOwnName(self.name);
    showPeople(people, me?.id);
  },
  notice({ text }) {
    notice(text);
  },
  said(message) {
    said(message, message.from.id === me?.id);
  },
  counts(message) {
    showCounts(message);
    chart.add(message.messagesPerSecond);
  },
};

function receive(message) {
  if (Object.hasOwn(receivers, message.type)) {
    receivers[message.type](message);
  }
}

function send(message) {
  if (socket.readyState === WebSocket.OPEN) {
    socket.send(JSON.stringify(message));
    return true;
  }
  return false;
}

// Whoever is typing a name is not interrupted by the one they have.
function showOwnName(name) {
  if (document.activeElement !== nameField) nameField.value = name;
}

function sendName() {
  sessionStorage.setItem('name', nameField.value);
  send({ type: 'name', name: nameField.value });
}

function urlOf(path) {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${path}`;
}

byId('compose').addEventListener('submit', (event) => {
  event.preventDefault();
  if (textField.value.trim() && send({ type: 'say', text: textField.value })) {
    textField.value = '';
  }
});

byId('rename').addEventListener('submit', (event) => {
  event.preventDefault();
  textField.focus();
});

nameField.addEventListener('change', sendName);

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

connect();
textField.focus();
