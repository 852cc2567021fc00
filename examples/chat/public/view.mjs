// Names and texts come from other people, so the page has them as text nodes only, never as HTML.

const TONES = 6;
const LONGEST_LOG = 500;

export function byId(id) {
  return document.getElementById(id);
}

function element(tag, className, ...children) {
  const created = document.createElement(tag);
  created.className = className;
  created.append(...children);
  return created;
}

// <bdi> prevents a name in another direction from reordering the line around it.
function nameOf(person) {
  return element('bdi', '', person.name);
}

function badge(person) {
  const [initial] = person.name;
  // The id stays the same over connections and names, so the colour does too.
  const tone = Number.parseInt(person.id.slice(0, 8), 16) % TONES;
  const shown = element('span', `badge tone-${tone}`, initial.toUpperCase());
  shown.setAttribute('aria-hidden', 'true');
  return shown;
}

const log = byId('log');
const empty = byId('empty');
let atEnd = true;
let height = log.clientHeight;

function scrollToEnd() {
  log.scrollTop = log.scrollHeight;
}

// A log at its end stays there. If the reader has scrolled up, it does not move.
log.addEventListener('scroll', () => {
  // The event of an earlier scroll may follow a change of the box, which the reader did not cause.
  if (log.clientHeight !== height) return;
  atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
});

// The log's box changes with the window, and with a phone's keyboard.
new ResizeObserver(() => {
  height = log.clientHeight;
  if (atEnd) scrollToEnd();
}).observe(log);

// Some browsers open their keyboard over the page, and say so only here. Zooming says so too.
window.visualViewport?.addEventListener('resize', () => {
  const { height, scale } = window.visualViewport;
  if (scale === 1) document.documentElement.style.setProperty('--visible', `${height}px`);
});

function addToLog(item) {
  log.append(item);
  while (log.childElementCount > LONGEST_LOG) {
    log.firstElementChild.remove();
  }
  if (atEnd) scrollToEnd();
  return item;
}

function addMessage(className, person, text, at) {
  empty.hidden = true;
  const when = new Date(at);
  const shown = when.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  const time = element('time', '', shown);
  time.dateTime = when.toISOString();
  time.title = when.toLocaleString();
  const who = element('div', 'who', nameOf(person));
  const words = element('div', 'words', element('bdi', '', text), time);
  const bubble = element('div', 'bubble', who, words);
  return addToLog(element('div', `message ${className}`, badge(person), bubble));
}

export function said({ from, text, at }, mine) {
  addMessage(mine ? 'mine' : '', from, text, at);
}

/** Shows one's own message until the server sends it back; returns its element. */
export function sending(me, text) {
  atEnd = true;
  return addMessage('mine sending', me, text, Date.now());
}

export function notice(text) {
  addToLog(element('div', 'notice', element('bdi', '', text)));
}

export function showPeople(people, myId) {
  byId('people').replaceChildren(
    ...people.map((person) => {
      const you = person.id === myId ? [element('span', 'note', 'you')] : [];
      return element('li', '', badge(person), nameOf(person), ...you);
    }),
  );
}

export function showCounts({ connections, messages, messagesPerSecond, transports }) {
  const values = {
    connections,
    messages,
    rate: messagesPerSecond,
    native: transports.native,
    stream: transports.stream,
  };
  for (const [id, value] of Object.entries(values)) {
    byId(id).textContent = value.toLocaleString('en');
  }
}

export function showStatus(state, text) {
  const status = byId('status');
  status.dataset.state = state;
  if (status.textContent !== text) status.textContent = text;
  byId('send').disabled = state !== 'open';
}
