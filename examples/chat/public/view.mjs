// Names and texts come from other people: they reach the page as text nodes only, never as HTML.

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

// <bdi> keeps a name written in another direction from reordering the line around it.
function nameOf(person) {
  return element('bdi', '', person.name);
}

function badge(person) {
  const [initial] = person.name;
  const shown = element('span', `badge tone-${person.id % TONES}`, initial.toUpperCase());
  shown.setAttribute('aria-hidden', 'true');
  return shown;
}

function addToLog(item) {
  const log = byId('log');
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  log.append(item);
  while (log.childElementCount > LONGEST_LOG) {
    log.firstElementChild.remove();
  }
  // Someone who scrolled up to read is left where they are.
  if (atEnd) {
    log.scrollTop = log.scrollHeight;
  }
}

export function said({ from, text, at }, mine) {
  byId('empty').hidden = true;
  const when = new Date(at);
  const time = element(
    'time',
    '',
    when.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }),
  );
  time.dateTime = when.toISOString();
  const who = element('div', 'who', nameOf(from));
  const words = element('div', 'words', element('bdi', '', text), time);
  const bubble = element('div', 'bubble', who, words);
  addToLog(element('div', mine ? 'message mine' : 'message', badge(from), bubble));
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
  status.textContent = text;
}
