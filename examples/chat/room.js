'use strict';

const { createHash, randomUUID } = require('node:crypto');

const { connection: WebSocketConnection } = require('../..');

const MAX_NAME_LENGTH = 32;
const MAX_TEXT_LENGTH = 2000;
const MAX_KEY_LENGTH = 64;
const HISTORY_LENGTH = 50;
// Limits the output that waits for a tab that no longer reads.
const MAX_WAITING_BYTES = 1024 * 1024;

/**
 * A chat room. Every message in either direction is one JSON object with a `type`:
 *
 *   from a tab   {type: 'name', name, key}  joins, or renames     {type: 'say', text, ref}
 *   to a tab     welcome (you, room, people, history) · people · notice · said · counts
 *
 * `key` is a secret of the tab. The same key means the same person, also after a reload or after a
 * restart of the server. `ref` is a number that comes back with `said`, so that a tab knows which
 * of its messages arrived. Each start of the server has another `room`, and numbers `said.id` from
 * 1.
 *
 * Names and texts are plain data. The page must not read them as HTML.
 */
class Room {
  #counts;
  #id = randomUUID();
  // The person behind each connection, null until it has joined.
  #present = new Map();
  #history = [];
  #lastSaid = 0;

  constructor(counts) {
    this.#counts = counts;
  }

  enter(connection) {
    this.#present.set(connection, null);
    connection.on('message', (message) => {
      this.#counts.messageReceived();
      this.#handle(connection, message);
    });
    connection.on('close', () => {
      const person = this.#present.get(connection);
      this.#present.delete(connection);
      if (person !== null && !this.#people().includes(person)) {
        this.#announce(`${person.name} left`);
      }
    });
  }

  /** Sends `message` to everyone who has joined. */
  tellEveryone(message) {
    const text = JSON.stringify(message);
    for (const [connection, person] of this.#present) {
      if (connection.bufferedAmount > MAX_WAITING_BYTES) {
        connection.drop(WebSocketConnection.CLOSE_REASON_POLICY_VIOLATION, 'Reads too slowly.');
      } else if (connection.connected && person !== null) {
        connection.sendUTF(text);
      }
    }
  }

  #handle(connection, message) {
    const request = parse(message);
    const person = this.#present.get(connection);
    if (request?.type === 'name') {
      const name = cleanLine(request.name, MAX_NAME_LENGTH) || 'Nobody';
      if (person === null) {
        this.#join(connection, name, request.key);
      } else {
        this.#rename(person, name);
      }
    } else if (request?.type === 'say' && person !== null) {
      this.#say(person, cleanLine(request.text, MAX_TEXT_LENGTH), request.ref);
    } else {
      connection.close(
        WebSocketConnection.CLOSE_REASON_POLICY_VIOLATION,
        'Send {"type":"name","name":…} first, then {"type":"say","text":…}.',
      );
    }
  }

  #join(connection, name, key) {
    const id = publicId(key);
    // A tab can return before its former connection has closed.
    const known = this.#people().find((person) => person.id === id);
    const person = known ?? { id, name: this.#freeName(name) };
    this.#present.set(connection, person);
    tell(connection, {
      type: 'welcome',
      you: person,
      room: this.#id,
      people: this.#people(),
      history: this.#history,
    });
    tell(connection, { type: 'counts', ...this.#counts.snapshot() });
    if (known) {
      this.#rename(person, name);
    } else {
      this.#announce(`${person.name} joined`);
    }
  }

  #rename(person, wanted) {
    const before = person.name;
    if (before !== wanted) {
      person.name = this.#freeName(wanted, person);
    }
    if (before !== person.name) {
      this.#announce(`${before} is now ${person.name}`);
    }
  }

  #say(person, text, ref) {
    if (text === '') {
      return;
    }
    const said = { type: 'said', id: ++this.#lastSaid, from: { ...person }, text, at: Date.now() };
    if (Number.isSafeInteger(ref)) {
      said.ref = ref;
    }
    this.#history.push(said);
    this.#history.splice(0, this.#history.length - HISTORY_LENGTH);
    this.tellEveryone(said);
  }

  #announce(text) {
    this.tellEveryone({ type: 'notice', text });
    this.tellEveryone({ type: 'people', people: this.#people() });
  }

  // One person can have several connections: a duplicated tab has its original's key.
  #people() {
    return [...new Set(this.#present.values())].filter((person) => person !== null);
  }

  #freeName(wanted, person) {
    const others = this.#people().filter((other) => other !== person);
    const taken = new Set(others.map((other) => other.name));
    let name = wanted;
    for (let number = 2; taken.has(name); number += 1) {
      const suffix = ` ${number}`;
      name = cut(wanted, MAX_NAME_LENGTH - suffix.length) + suffix;
    }
    return name;
  }
}

// Everyone sees the id, so it is a hash: the key would let anyone speak as that person.
function publicId(key) {
  const usable = typeof key === 'string' && key !== '' && key.length <= MAX_KEY_LENGTH;
  const secret = usable ? key : randomUUID();
  return createHash('sha256').update(secret).digest('hex').slice(0, 16);
}

function parse(message) {
  try {
    return message.type === 'utf8' ? JSON.parse(message.utf8Data) : null;
  } catch {
    return null;
  }
}

// One line of bounded length; empty if it has no visible character.
function cleanLine(value, maxLength) {
  // Cut first, because a text of megabytes takes long. The next line removes half of an emoji.
  const text = typeof value === 'string' ? value.slice(0, 4 * maxLength) : '';
  const line = cut(text.replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]+/gu, ' ').trim(), maxLength);
  return /[\p{L}\p{N}\p{P}\p{S}]/u.test(line) ? line : '';
}

// Cuts between code points, so that it splits no emoji.
function cut(text, maxLength) {
  return [...text].slice(0, maxLength).join('');
}

function tell(connection, message) {
  connection.sendUTF(JSON.stringify(message));
}

module.exports = { Room };
