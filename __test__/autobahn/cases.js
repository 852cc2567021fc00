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

/**
 * For suites whose frames are decoded as in another suite, so that only the way of the bytes is
 * new: all groups, but in 9 only the longest messages of each kind and the smallest pieces, and in
 * 12 and 13 one size with whole messages and one with fragments.
 */
const BRIEF = [
  ...PLAIN.filter((group) => group !== '9.*'),
  ...['9.1.6', '9.2.6', '9.3.1', '9.4.1', '9.5.1', '9.6.1', '9.7.6', '9.8.6'],
  ...PMD_FAST.filter((id) => /\.(7|11)$/.test(id)),
];
const ALL = [...PLAIN, '12.*', '13.*'];

/**
 * @param {string} comma list of ids, prefixes that end in `*`, and the name `pmd-fast`
 * @returns {string[]} without that name
 */
function casesIn(list) {
  return list.split(',').flatMap((item) => (item === 'pmd-fast' ? PMD_FAST : [item]));
}

module.exports = { ALL, BRIEF, EVERY_TIME, PMD_FAST, casesIn };
