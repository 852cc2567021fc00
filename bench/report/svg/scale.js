'use strict';

/** Round steps. */
const STEPS = [1, 2, 2.5, 5, 10];

/** Round numbers from zero to at most `most`, about `wanted` of them. */
function ticksUpTo(most, wanted) {
  if (!(most > 0)) return [0];
  const rough = most / wanted;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = magnitude * STEPS.find((candidate) => candidate * magnitude >= rough * 0.999);
  const count = Math.floor(most / step + 1e-9);
  return Array.from({ length: count + 1 }, (_, i) => Number((i * step).toPrecision(6)));
}

module.exports = { ticksUpTo };
