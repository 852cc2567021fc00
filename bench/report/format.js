'use strict';

/** About three digits, because no figure is more exact. */
function number(value) {
  if (value === undefined) return '–';
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  if (value >= 10) return value.toFixed(1);
  return value.toFixed(2);
}

/** With more digits, because a ratio close to its limit must not look equal to it. */
function quotient(value) {
  return value.toFixed(value < 10 ? 3 : 1);
}

function percent(share) {
  return share === undefined ? '–' : `${(share * 100).toFixed(0)} %`;
}

/** Aligned lines. The columns from `firstNumber` on are figures, those before are words. */
function layOut(rows, firstNumber) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  return rows.map((row) =>
    row
      .map((text, i) => (i < firstNumber ? text.padEnd(widths[i]) : text.padStart(widths[i])))
      .join('  ')
      .trimEnd(),
  );
}

module.exports = { layOut, number, percent, quotient };
