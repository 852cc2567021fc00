'use strict';

/**
 * Colours of the charts, by their use. A chart has a background of its own, because the page around
 * it may be light although the reader's system is dark.
 */
const LIGHT = {
  background: '#ffffff',
  border: '#d1d9e0',
  text: '#1f2328',
  muted: '#59636e',
  grid: '#e3e7eb',
  ours: '#0969da',
  'ours-rest': '#9cc7f7',
  peer: '#6b7480',
  'peer-rest': '#c9cfd6',
};

const DARK = {
  background: '#0d1117',
  border: '#3d444d',
  text: '#f0f6fc',
  muted: '#9198a1',
  grid: '#2a313c',
  ours: '#4493f8',
  'ours-rest': '#1f4a86',
  peer: '#9aa4b0',
  'peer-rest': '#464e59',
};

const FONT =
  "-apple-system, BlinkMacSystemFont, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif";

/** The style sheet of a chart: a class for each colour and for each kind of text. */
function styleSheet() {
  return [
    ...rules(LIGHT),
    `text { font: 13px ${FONT}; fill: ${LIGHT.text}; }`,
    '.title { font-size: 17px; font-weight: 600; }',
    '.panel { font-weight: 600; }',
    '.value { font-size: 12px; font-variant-numeric: tabular-nums; }',
    `.muted { font-size: 12px; fill: ${LIGHT.muted}; }`,
    '.bold { font-weight: 600; }',
    '@media (prefers-color-scheme: dark) {',
    ...rules(DARK),
    `text { fill: ${DARK.text}; }`,
    `.muted { fill: ${DARK.muted}; }`,
    '}',
  ].join('\n');
}

function rules(colours) {
  const { background, border, grid, text, ...fills } = colours;
  return [
    `.card { fill: ${background}; stroke: ${border}; }`,
    `.grid { stroke: ${grid}; }`,
    `.axis { stroke: ${fills.muted}; }`,
    `.range { stroke: ${text}; }`,
    ...['ours', 'ours-rest', 'peer', 'peer-rest'].map(
      (name) => `.${name} { fill: ${fills[name]}; }`,
    ),
  ];
}

module.exports = { styleSheet };
