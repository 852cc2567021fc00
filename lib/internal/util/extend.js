'use strict';

/**
 * Copies every enumerable property of `source`, inherited ones too. A key called `__proto__`, which
 * JSON can bring, is left out so that it cannot replace the prototype of `target`.
 *
 * @param {Record<string, any>} target
 * @param {Record<string, any> | null | undefined} source
 */
module.exports = function extend(target, source) {
  for (const key in source) {
    if (key !== '__proto__') target[key] = source[key];
  }
};
