'use strict';

/** Warnings about deprecated names, each written to standard error once. */
const Deprecation = {
  /** Set to true to silence every warning. */
  disableWarnings: false,

  /**
   * The text of each warning by its name; false once it has been written.
   *
   * @type {{ [name: string]: string | false }}
   */
  deprecationWarningMap: {},

  /** @param {string} name one of `deprecationWarningMap`; others are ignored */
  warn(name) {
    const text = Object.hasOwn(this.deprecationWarningMap, name)
      ? this.deprecationWarningMap[name]
      : false;
    if (this.disableWarnings || !text) return;
    console.warn(`DEPRECATION WARNING: ${text}`);
    this.deprecationWarningMap[name] = false;
  },
};

module.exports = Deprecation;
