'use strict';

const { Normaliser, describe } = require('./describe');

/**
 * The events of one actor of a scenario, in order. Actors that only the network connects, such as a
 * connection and its raw peer, have separate lanes, because the order between them is not fixed.
 */
class Lane {
  entries = [];
  #trace;
  #waiters = new Set();

  constructor(trace, name) {
    this.#trace = trace;
    this.name = name;
  }

  /** Appends `[kind, ...values]`, unless the scenario is over. */
  add(kind, ...values) {
    if (this.#trace.frozen) return;
    this.#trace.length += 1;
    this.entries.push([kind, ...values.map((value) => describe(value, this.#trace.normaliser))]);
    for (const waiter of this.#waiters) waiter();
  }

  count(kind) {
    return this.entries.filter((entry) => entry[0] === kind).length;
  }

  /**
   * Resolves as soon as the lane holds `times` entries of this kind, at once if it does already.
   */
  until(kind, times = 1) {
    if (this.count(kind) >= times) return Promise.resolve();
    const label = `${this.name}: ${kind} × ${times}`;
    this.#trace.waits.add(label);
    return new Promise((resolve) => {
      const waiter = () => {
        if (this.count(kind) < times) return;
        this.#waiters.delete(waiter);
        this.#trace.waits.delete(label);
        resolve();
      };
      this.#waiters.add(waiter);
    });
  }

  /** Runs `action` and records what it returned or threw. */
  attempt(label, action) {
    try {
      const value = action();
      this.add(label, 'returned', value);
      return value;
    } catch (error) {
      this.add(label, 'threw', error);
      return undefined;
    }
  }

  /**
   * Runs `action` and records only an exception. For calls whose result another scenario covers.
   */
  call(label, action) {
    try {
      const value = action();
      this.add(label);
      return value;
    } catch (error) {
      this.add(label, 'threw', error);
      return undefined;
    }
  }
}

class Trace {
  normaliser = new Normaliser();
  /** What the scenario waits for. The report of a hang shows it. */
  waits = new Set();
  frozen = false;
  /** The number of entries on all lanes. */
  length = 0;
  #lanes = new Map();

  lane(name) {
    if (!this.#lanes.has(name)) this.#lanes.set(name, new Lane(this, name));
    return this.#lanes.get(name);
  }

  toJSON() {
    const lanes = {};
    for (const [name, lane] of this.#lanes) {
      if (lane.entries.length > 0) lanes[name] = lane.entries;
    }
    return lanes;
  }
}

module.exports = { Trace };
