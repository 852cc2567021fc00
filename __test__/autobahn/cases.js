'use strict';

/** The groups that take no longer than a minute. There is no 8, and 11 is a placeholder. */
const PLAIN = ['1.*', '2.*', '3.*', '4.*', '5.*', '6.*', '7.*', '9.*', '10.*'];

/**
 * Those of the groups on compression whose messages are of up to 16 KiB, and the first where
 * fragments are. Every set of data and every offer is among them, and they take a tenth of the
 * time. Spelled out, since the suite's globs match as prefixes: `12.*.1` would take 12.3.15 too.
 */
const PMD_FAST = [
  [12, 5],
  [13, 7],
].flatMap(([group, sets]) =>
  Array.from({ length: sets }, (_, i) =>
    [1, 2, 3, 4, 5, 6, 7, 11].map((size) => `${group}.${i + 1}.${size}`),
  ).flat(),
);

const EVERY_TIME = [...PLAIN, ...PMD_FAST];
const ALL = [...PLAIN, '12.*', '13.*'];

/**
 * @param {string} list of ids, prefixes that end in `*`, and the name `pmd-fast`, with commas
 *   between
 * @returns {string[]} without that name
 */
function casesIn(list) {
  return list.split(',').flatMap((item) => (item === 'pmd-fast' ? PMD_FAST : [item]));
}

module.exports = { ALL, EVERY_TIME, PMD_FAST, casesIn };
