'use strict';

const { connection: WebSocketConnection } = require('../..');

const MAX_NAME_LENGTH = 32;
const MAX_TEXT_LENGTH = 2000;
const HISTORY_LENGTH = 50;
// A tab that stopped reading is dropped before what waits for it fills the memory.
const MAX_WAITING_BYTES = 1024 * 1024;

/**
 * A chat room. Every message in either direction is one JSON object with a `type`:
 *
 *   from a tab   {type: 'name', name}  joins, or renames     {type: 'say', text}
 *   to a tab     welcome (you, people, history) · people · notice · said · counts
 *
 * Names and texts travel as plain data; it is the page that must not read them as HTML.
 */
class Room {
  #counts;
  #present = new Map();
  #history = [];
  #lastId = 0;

  constructor(counts) {
    this.#counts = counts;
  }

  enter(connection) {
    const visitor = { id: ++this.#lastId, name: null };
    this.#present.set(connection, visitor);
    connection.on('message', (message) => {
      this.#counts.messageReceived();
      this.#handle(connection, visitor, message);
    });
    connection.on('close', () => {
      this.#present.delete(connection);
      if (visitor.name !== null) {
        this.#announce(`${visitor.name} left`);
      }
    });
    tell(connection, { type: 'counts', ...this.#counts.snapshot() });
  }

  tellEveryone(message) {
    const text = JSON.stringify(message);
    for (const connection of this.#present.keys()) {
      if (connection.bufferedAmount > MAX_WAITING_BYTES) {
        connection.drop(WebSocketConnection.CLOSE_REASON_POLICY_VIOLATION, 'Reads too slowly.');
      } else if (connection.connected) {
        connection.sendUTF(text);
      }
    }
  }

  #handle(connection, visitor, message) {
    const request = parse(message);
    if (request?.type === 'name') {
      this.#rename(connection, visitor, cleanLine(request.name, MAX_NAME_LENGTH) || 'Nobody');
    } else if (request?.type === 'say' && visitor.name !== null) {
      this.#say(visitor, cleanLine(request.text, MAX_TEXT_LENGTH));
    } else {
      connection.close(
        WebSocketConnection.CLOSE_REASON_POLICY_VIOLATION,
        'Send {"type":"name","name":…} first, then {"type":"say","text":…}.',
      );
    }
  }

  #rename(connection, visitor, wanted) {
    const before = visitor.name;
    if (before === wanted) {
      return;
    }
    visitor.name = this.#freeName(wanted, visitor);
    if (before === null) {
      tell(connection, {
        type: 'welcome',
        you: visitor,
        people: this.#people(),
        history: this.#history,
      });
      this.#announce(`${visitor.name} joined`);
    } else {
      this.#announce(`${before} is now ${visitor.name}`);
    }
  }

  #say(visitor, text) {
    if (text === '') {
      return;
    }
    const said = { type: 'said', from: { ...visitor }, text, at: Date.now() };
    this.#history.push(said);
    this.#history.splice(0, this.#history.length - HISTORY_LENGTH);
    this.tellEveryone(said);
  }

  #announce(text) {
    this.tellEveryone({ type: 'notice', text });
    this.tellEveryone({ type: 'people', people: this.#people() });
  }

  #people() {
    return [...this.#present.values()].filter((visitor) => visitor.name !== null);
  }

  #freeName(wanted, visitor) {
    const others = this.#people().filter((other) => other !== visitor);
    const taken = new Set(others.map((other) => other.name));
    let name = wanted;
    for (let number = 2; taken.has(name); number += 1) {
      name = `${wanted} ${number}`;
    }
    return name;
  }
}

function parse(message) {
  try {
    return message.type === 'utf8' ? JSON.parse(message.utf8Data) : null;
  } catch {
    return null;
  }
}

// One line of bounded length; cut between code points, so that no emoji is halved.
function cleanLine(value, maxLength) {
  const text = typeof value === 'string' ? value : '';
  const line = text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return [...line].slice(0, maxLength).join('');
}

function tell(connection, message) {
  connection.sendUTF(JSON.stringify(message));
}

module.exports = { Room };
