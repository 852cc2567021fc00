'use strict';

/** A clock that tests advance by hand, like those of libraries for fake timers. */
class FakeClock {
  #real = {};
  #timers = new Map();
  #last = 0;
  #base;

  /** Milliseconds since it was installed. */
  time = 0;

  /**
   * Replaces the global timers.
   *
   * @param {object} [options]
   * @param {boolean} [options.fakesDate] replaces the date as well
   * @param {boolean} [options.givesNumbers] for timers, as browsers do
   */
  constructor({ fakesDate = true, givesNumbers = false } = {}) {
    const { setTimeout, clearTimeout, Date: RealDate } = globalThis;
    this.#real = { setTimeout, clearTimeout, Date: RealDate };
    this.#base = RealDate.now();
    const clock = this;
    globalThis.setTimeout = /** @type {any} */ (
      (callback, delay, ...args) => {
        const id = ++this.#last;
        this.#timers.set(id, { at: this.time + Math.max(1, delay), callback, args });
        return givesNumbers ? id : { id, ref() {}, unref() {}, [Symbol.toPrimitive]: () => id };
      }
    );
    globalThis.clearTimeout = (timer) => this.#timers.delete(Number(timer));
    if (fakesDate) {
      globalThis.Date = /** @type {any} */ (
        class extends RealDate {
          static now() {
            return clock.#base + clock.time;
          }
        }
      );
    }
  }

  /** The number of timers that are set. */
  get count() {
    return this.#timers.size;
  }

  /** Advances the time. Calls the timers that are due before it returns. */
  tick(milliseconds) {
    const until = this.time + milliseconds;
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= until);
      if (due.length === 0) break;
      const [id, { at, callback, args }] = due.reduce((a, b) => (b[1].at < a[1].at ? b : a));
      this.#timers.delete(id);
      this.time = at;
      callback(...args);
    }
    this.time = until;
  }

  /** Moves the date, which does not affect timers. */
  setDate(milliseconds) {
    this.#base += milliseconds;
  }

  /** Restores the globals. */
  uninstall() {
    Object.assign(globalThis, this.#real);
  }
}

module.exports = FakeClock;
