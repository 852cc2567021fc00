'use strict';

/** About three digits: nothing here is known more exactly. */
function number(value) {
  if (value === undefined) return '–';
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  if (value >= 10) return value.toFixed(1);
  return value.toFixed(2);
}

/** A ratio close to its limit must not look like it. */
function quotient(value) {
  return value.toFixed(value < 10 ? 3 : 1);
}

function percent(share) {
  return share === undefined ? '–' : `${(share * 100).toFixed(0)} %`;
}

/** Lines of equal length; the first columns are words, those from `firstNumber` on are figures. */
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
