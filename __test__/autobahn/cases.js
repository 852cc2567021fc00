'use strict';

/** The groups that take at most a minute. Group 8 does not exist, and 11 is a placeholder. */
const PLAIN = ['1.*', '2.*', '3.*', '4.*', '5.*', '6.*', '7.*', '9.*', '10.*'];

/**
 * The cases on compression with messages of up to 16 KiB, and the first ones with fragments. They
 * cover every set of data and every offer in a tenth of the time. They are spelled out because the
 * suite's globs match prefixes: `12.*.1` would also match 12.3.15.
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
 * @param {string} comma list of ids, prefixes that end in `*`, and the name `pmd-fast`
 * @returns {string[]} without that name
 */
function casesIn(list) {
  return list.split(',').flatMap((item) => (item === 'pmd-fast' ? PMD_FAST : [item]));
}

module.exports = { ALL, EVERY_TIME, PMD_FAST, casesIn };
