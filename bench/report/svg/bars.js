'use strict';

const { ticksUpTo } = require('./scale');
const { styleSheet } = require('./theme');

const WIDTH = 860;
const MARGIN = 24;
/** The least width of the labels, and what a long one takes: bold characters and a gap. */
const LABELS = { least: 196, character: 8, gap: 4 };
const GAP = 24;
const ROW = 26;
const BAR = 16;
/** Room for a value behind the longest bar. */
const VALUE = { plain: 58, pair: 92 };
const HEADER = 62;
const LEGEND = 26;
const PANEL_HEAD = 30;
const PANEL_FOOT = 28;
const CLASSES = { ours: ['ours', 'ours-rest'], peer: ['peer', 'peer-rest'] };

/**
 * A chart of horizontal bars in panels, each with an axis of its own that begins at zero.
 *   title, subtitle
 *   description   for readers who can't see it
 *   legend        the names of a bar's parts, one or two
 *   columns       panels side by side
 *   panels        { title, rows }; all have the same rows
 *   row           { label, ours, parts, text, range }: one or two parts that add up, the text
 *                 behind the bar, and the least and greatest sum
 */
function barChart(chart) {
  const { panels, columns } = chart;
  const lines = Math.ceil(panels.length / columns);
  const panelHeight = PANEL_HEAD + panels[0].rows.length * ROW + PANEL_FOOT;
  const height = HEADER + LEGEND + lines * panelHeight + MARGIN / 2;
  const labels = labelsWidth(panels[0].rows);
  const panelWidth = (WIDTH - 2 * MARGIN - labels - (columns - 1) * GAP) / columns;

  const drawn = panels.map((panel, i) => {
    const column = i % columns;
    const left = MARGIN + labels + column * (panelWidth + GAP);
    const top = HEADER + LEGEND + Math.floor(i / columns) * panelHeight;
    return drawPanel(panel, { left, top, width: panelWidth, labelled: column === 0 });
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" ` +
      `height="${height}" role="img" aria-labelledby="title description">`,
    `<title id="title">${escapeText(chart.title)}</title>`,
    `<desc id="description">${escapeText(chart.description)}</desc>`,
    `<style>\n${styleSheet()}\n</style>`,
    `<rect class="card" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="8"/>`,
    text(MARGIN, 34, chart.title, 'title'),
    text(MARGIN, 55, chart.subtitle, 'muted'),
    drawLegend(chart.legend, panels.some(hasRanges)),
    ...drawn,
    '</svg>\n',
  ].join('\n');
}

function labelsWidth(rows) {
  const longest = Math.max(...rows.map(({ label }) => label.length));
  return Math.max(LABELS.least, longest * LABELS.character + LABELS.gap);
}

/** Two colours for each part, ours and the others', and the meaning of the whiskers. */
function drawLegend(parts, hasRanges) {
  const y = HEADER + LEGEND / 2;
  const entries = parts.map((label, i) => [
    label,
    (x) => [
      rectangle({ x, y: y - 6, width: 12, height: 12, name: CLASSES.ours[i] }),
      rectangle({ x: x + 15, y: y - 6, width: 12, height: 12, name: CLASSES.peer[i] }),
    ],
  ]);
  if (hasRanges)
    entries.push(['from the lowest round to the highest', (x) => [whisker(x, x + 27, y)]]);

  let x = MARGIN;
  return entries
    .map(([label, draw]) => {
      const at = x;
      x += 60 + label.length * 6.2;
      return [...draw(at), text(at + 34, y + 4, label, 'muted')].join('\n');
    })
    .join('\n');
}

function drawPanel({ title, rows }, { left, top, width, labelled }) {
  const paired = rows.some((row) => row.parts.length > 1);
  const most = Math.max(...rows.map((row) => Math.max(sum(row.parts), row.range?.[1] ?? 0)));
  const plot = width - (paired ? VALUE.pair : VALUE.plain);
  const ticks = ticksUpTo(most, plot < 160 ? 2 : 4);
  const scale = (value) => (value / (most || 1)) * plot;
  const bottom = top + PANEL_HEAD + rows.length * ROW;

  const grid = ticks.map((tick) => {
    const x = left + scale(tick);
    return [
      line({
        x1: x,
        x2: x,
        y1: top + PANEL_HEAD - 4,
        y2: bottom,
        name: tick === 0 ? 'axis' : 'grid',
      }),
      text(x, bottom + 15, tick.toLocaleString('en-US'), 'muted', 'middle'),
    ].join('\n');
  });
  const bars = rows.map((row, i) => {
    const y = top + PANEL_HEAD + i * ROW;
    return drawRow(row, { left, y, scale, labelled });
  });
  return [text(left, top + 14, title, 'panel'), ...grid, ...bars].join('\n');
}

function drawRow(row, { left, y, scale, labelled }) {
  const middle = y + ROW / 2;
  const shown = [];
  if (labelled) shown.push(text(left - 12, middle + 4, row.label, row.ours ? 'bold' : '', 'end'));
  let from = 0;
  row.parts.forEach((part, i) => {
    const name = (row.ours ? CLASSES.ours : CLASSES.peer)[i];
    const box = { x: left + scale(from), y: middle - BAR / 2, width: scale(part), height: BAR };
    if (part > 0) shown.push(rectangle({ ...box, name }));
    from += part;
  });
  const end = Math.max(from, row.range?.[1] ?? 0);
  if (row.range)
    shown.push(whisker(left + scale(row.range[0]), left + scale(row.range[1]), middle));
  const weight = row.ours ? 'value bold' : 'value';
  shown.push(text(left + scale(end) + 7, middle + 4, row.text, weight));
  return shown.join('\n');
}

function hasRanges({ rows }) {
  return rows.some((row) => row.range);
}

function whisker(from, to, y) {
  const end = (x) => line({ x1: x, x2: x, y1: y - 3, y2: y + 3, name: 'range' });
  return [line({ x1: from, x2: to, y1: y, y2: y, name: 'range' }), end(from), end(to)].join('\n');
}

function rectangle({ x, y, width, height, name }) {
  return `<rect class="${name}" x="${f(x)}" y="${f(y)}" width="${f(width)}" height="${f(height)}"/>`;
}

function line({ x1, x2, y1, y2, name }) {
  return `<line class="${name}" x1="${f(x1)}" x2="${f(x2)}" y1="${f(y1)}" y2="${f(y2)}"/>`;
}

function text(x, y, content, name = '', anchor = 'start') {
  const classes = name && ` class="${name}"`;
  const anchored = anchor === 'start' ? '' : ` text-anchor="${anchor}"`;
  return `<text${classes} x="${f(x)}" y="${f(y)}"${anchored}>${escapeText(content)}</text>`;
}

function f(value) {
  return Number(value.toFixed(1));
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}

function escapeText(content) {
  return content.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
}

module.exports = { barChart };
