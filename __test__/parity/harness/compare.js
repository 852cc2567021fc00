'use strict';

const { isDeepStrictEqual } = require('node:util');

const show = (entry) => (entry === undefined ? '(nothing)' : JSON.stringify(entry));

const startsWith = (entries, from, expected) =>
  expected.every((entry, i) => isDeepStrictEqual(entries[from + i], entry));

/**
 * Compares one lane of both traces. A stretch that differs must be the next declared difference,
 * exactly as declared on both sides. Each declared difference must occur.
 *
 * Yields rows `{ kind: 'same' | 'declared' | 'different', upstream, ours, row }`.
 */
function* compareLane(upstream, ours, declared) {
  const pending = [...declared];
  let left = 0;
  let right = 0;
  while (left < upstream.length || right < ours.length) {
    if (pending.length > 0 && matches(pending[0], upstream, left, ours, right)) {
      const { row, upstream: theirs, ours: own } = pending.shift();
      for (let i = 0; i < Math.max(theirs.length, own.length); i += 1) {
        yield { kind: 'declared', row, upstream: theirs[i], ours: own[i] };
      }
      left += theirs.length;
      right += own.length;
      continue;
    }
    const same =
      left < upstream.length &&
      right < ours.length &&
      isDeepStrictEqual(upstream[left], ours[right]);
    yield { kind: same ? 'same' : 'different', upstream: upstream[left], ours: ours[right] };
    left += 1;
    right += 1;
  }
  for (const difference of pending) {
    yield { kind: 'different', row: difference.row, missing: true };
  }
}

/**
 * A declared difference applies at the first entry that differs, not at equal entries before it.
 */
function matches(difference, upstream, left, ours, right) {
  if (isDeepStrictEqual(upstream[left], ours[right])) return false;
  return (
    startsWith(upstream, left, difference.upstream) && startsWith(ours, right, difference.ours)
  );
}

function compareTraces(upstream, ours, differs) {
  const names = new Set([
    ...Object.keys(upstream),
    ...Object.keys(ours),
    ...differs.map(({ lane }) => lane),
  ]);
  return [...names].map((name) => ({
    name,
    rows: [
      ...compareLane(
        upstream[name] ?? [],
        ours[name] ?? [],
        differs.filter(({ lane }) => lane === name),
      ),
    ],
  }));
}

function describeFailure(who, failure) {
  const waits = failure.waits?.length ? `\n  waiting for ${failure.waits.join(', ')}` : '';
  return `${who}: ${failure.kind}: ${failure.message}${waits}`;
}

/** The faults between two runs of one scenario, one line each. Empty if they agree. */
function problems(upstream, ours, differs = []) {
  const found = [];
  if (upstream.failure) found.push(describeFailure('upstream', upstream.failure));
  if (ours.failure) found.push(describeFailure('ours', ours.failure));
  for (const { name, rows } of compareTraces(upstream.lanes, ours.lanes, differs)) {
    rows.forEach((row, i) => {
      if (row.kind !== 'different') return;
      found.push(
        row.missing
          ? `lane "${name}": the declared difference "${row.row}" is not there as declared`
          : `lane "${name}", entry ${i}:\n  upstream ${show(row.upstream)}\n  ours     ${show(row.ours)}`,
      );
    });
  }
  return found;
}

module.exports = { compareTraces, problems };
