'use strict';

// The performance page and its charts show what was measured, and the report judges it correctly.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');

const { DEFAULT_CELLS, parseCell } = require('../bench/cells');
const { figuresOf, median, mediansOf } = require('../bench/figures');
const { filesOf, readResults } = require('../bench/report');
const { replaceBlocks } = require('../bench/report/blocks');
const { chartsOf } = require('../bench/report/charts');
const { blocksOf } = require('../bench/report/pages');
const { ticksUpTo } = require('../bench/report/svg/scale');
const { TARGETS } = require('../bench/report/targets');
const { verdictsOf } = require('../bench/report/verdicts');
const { warningsOf } = require('../bench/report/warnings');

const ROOT = path.dirname(__dirname);
const PEERS = [
  { name: 'websocket', title: 'websocket' },
  { name: 'ws', title: 'ws' },
  { name: 'native', title: 'websocket-native', ours: true },
];
const PEERS_OF_WS = [...PEERS, { name: 'native-ws', title: 'websocket-native/ws', ours: true }];

/** A report of one cell with the given runs. */
function report(cell, runs, peers = PEERS) {
  return {
    machine: { cores: 2, processor: 'any', kernel: '6', node: 'v20' },
    settings: { rounds: 3, seconds: 2 },
    peers,
    cells: [{ name: cell, ...parseCell(cell) }],
    runs: runs.map((run, i) => ({ round: Math.floor(i / peers.length), cell, ...run })),
  };
}

describe('docs/performance.md, its charts and the README', () => {
  const files = filesOf(readResults());
  for (const [name, content] of Object.entries(files)) {
    it(`${name} is the report of bench/results.json (npm run bench:report)`, () => {
      assert.equal(fs.readFileSync(path.join(ROOT, name), 'utf8'), content);
    });
  }

  it('have no chart that the report does not make', () => {
    const charts = fs.readdirSync(path.join(ROOT, 'docs', 'performance'));
    assert.deepEqual(
      charts.filter((file) => !(`docs/performance/${file}` in files)),
      [],
    );
  });
});

describe('cells', () => {
  it('are known by the names of the default ones, and take other numbers', () => {
    for (const name of DEFAULT_CELLS) assert.ok(parseCell(name).connections > 0, name);
    assert.deepEqual(parseCell('7x3x100-binary'), {
      name: '7x3x100-binary',
      kind: 'echo',
      connections: 7,
      inFlight: 3,
      size: 100,
      payload: 'binary',
      tls: false,
      callback: false,
      oneCore: false,
      unit: 'message',
    });
    assert.deepEqual(parseCell('deflate-7x3x100'), {
      name: 'deflate-7x3x100',
      kind: 'deflate',
      connections: 7,
      inFlight: 3,
      size: 100,
      payload: 'json',
      unit: 'message',
    });
    assert.equal(parseCell('deflate-idle-20').deflate, true);
    assert.equal(parseCell('app-5x4x300').inFlight, 4);
    assert.deepEqual(parseCell('engineio-5x4'), {
      ...parseCell('engineio-5x4x64'),
      name: 'engineio-5x4',
    });
    assert.equal(parseCell('engineio-5x4').package, 'engine.io');
    assert.equal(parseCell('stream-pipe-2x4x5000').size, 5000);
    assert.equal(parseCell('tls-client-2x1x64').tls, true);
    assert.equal(parseCell('tls-idle-20').tls, true);
    assert.equal(parseCell('tls-storm-20').connections, 20);
    assert.deepEqual(parseCell('tls-connect-close-4-rsa'), {
      ...{ name: 'tls-connect-close-4-rsa', kind: 'connect-close', connections: 4, size: 0 },
      ...{ handshake: 'rsa', unit: 'connection' },
    });
    assert.equal(parseCell('tls-connect-close').handshake, 'ecdsa');
    assert.equal(parseCell('tls-connect-close-resumed').handshake, 'resumed');
    assert.equal(parseCell('connect-close').handshake, undefined);
    assert.throws(() => parseCell('connect-close-rsa'), /no cell/);
    assert.throws(() => parseCell('stream-pipe-2x4x0'), /no cell/);
    assert.throws(() => parseCell('50x'), /no cell 50x/);
  });

  it('that have targets are measured by default', () => {
    for (const { cells } of TARGETS) {
      for (const name of cells) assert.ok(DEFAULT_CELLS.includes(name), name);
    }
  });
});

describe('figures', () => {
  const measured = {
    ...{ count: 1000, seconds: 2, mainNs: 3e6, allNs: 5e6, unanswered: 0 },
    ...{ p50Ns: 20000, p99Ns: 30000, p999Ns: 40000, loadBusy: 0.5, elsewhereBusy: 0 },
    ...{ residentBeforeKiB: 40960, residentKiB: 51200, peakKiB: 61440 },
  };

  it('are per message', () => {
    const figures = figuresOf(measured, { connections: 5000, size: 1000 });
    const { rate, megabytes, js, all, p50, resident, peak } = figures;
    assert.deepEqual([rate, megabytes, js, all, p50], [500, 0.5, 3, 5, 20]);
    assert.deepEqual([resident, peak], [2.048, 60]);
  });

  it('show no memory per connection when there are few', () => {
    assert.equal(figuresOf(measured, { connections: 50, size: 64 }).resident, undefined);
  });

  it('show the bytes of an answer when it was compressed', () => {
    const cell = { connections: 50, size: 4096 };
    assert.equal(figuresOf({ ...measured, deflatedBytes: 0 }, cell).wire, undefined);
    assert.equal(figuresOf({ ...measured, deflatedBytes: 900000 }, cell).wire, 900);
  });

  it('show the share of resumed sessions when there are any', () => {
    const cell = { connections: 32, size: 0 };
    assert.equal(figuresOf({ ...measured, resumed: 0 }, cell).resumed, undefined);
    assert.equal(figuresOf({ ...measured, resumed: 670 }, cell).resumed, 0.67);
  });

  it('fail when nothing came back', () => {
    assert.throws(() => figuresOf({ ...measured, count: 0 }, { connections: 1, size: 64 }));
  });

  it('have medians, over the turns that did not fail', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 3]), 2.5);
    const runs = [{ js: 1 }, { error: 'it broke' }, { js: 3 }];
    const own = runs.map((run) => ({ cell: '1x1x64', peer: 'ws', ...run }));
    assert.equal(mediansOf(own, '1x1x64', 'ws').js, 2);
    assert.equal(mediansOf(own, '1x1x64', 'websocket'), undefined);
  });
});

describe('verdicts', () => {
  it('divide our median by the peer’s, and compare it with the target', () => {
    const { runs, ...rest } = report('50x1x64', [
      { peer: 'websocket', js: 10, all: 10 },
      { peer: 'ws', js: 5, all: 20 },
      { peer: 'native', js: 1, all: 7 },
    ]);
    const [js, all] = verdictsOf({ runs, ...rest });
    assert.deepEqual([js.metric, all.metric], ['JS-thread CPU', 'all-thread CPU']);
    assert.deepEqual(js.verdicts.websocket, { ratio: 0.1, limit: 0.15, sign: '≤', reached: true });
    assert.deepEqual(js.verdicts.ws, { ratio: 0.2, limit: 0.18, sign: '≤', reached: false });
    assert.equal(all.verdicts.websocket.reached, false);
    assert.equal(all.verdicts.ws.reached, true);
    assert.ok(Number.isNaN(js.verdicts.uws.ratio));
  });

  it('require more when more is better', () => {
    const [, rate] = verdictsOf(
      report('50x16x64', [
        { peer: 'websocket', rate: 10, js: 1 },
        { peer: 'ws', rate: 20, js: 1 },
        { peer: 'native', rate: 100, js: 1 },
      ]),
    );
    assert.equal(rate.verdicts.websocket.reached, true);
    assert.equal(rate.verdicts.ws.reached, false);
  });
});

describe('verdicts on the API of ws', () => {
  const runs = [
    { peer: 'ws', js: 10, megabytes: 500 },
    { peer: 'native', js: 1 },
    { peer: 'native-ws', js: 3, megabytes: 600 },
  ];

  it('compare websocket-native/ws with ws', () => {
    const [verdict] = verdictsOf(report('engineio-50x1', runs));
    assert.equal(verdict.ours, 'native-ws');
    assert.deepEqual(verdict.verdicts.ws, { ratio: 0.3, limit: 0.35, sign: '≤', reached: true });
    const [stream] = verdictsOf(report('stream-pipe-1x16x65536', runs));
    assert.deepEqual(stream.verdicts.ws, { ratio: 1.2, limit: 1.3, sign: '≥', reached: false });
  });

  it('stand beside those on the first API', () => {
    const judged = verdictsOf(report('50x16x64-callback', runs));
    assert.deepEqual(
      judged.map(({ ours, verdicts }) => [ours, verdicts.ws.ratio]),
      [
        ['native', 0.1],
        ['native-ws', 0.3],
      ],
    );
  });
});

describe('verdicts on the own listener', () => {
  const ours = { name: 'native-listener', title: 'websocket-native, own listener', ours: true };
  const runs = [
    { peer: 'ws', js: 100, all: 200 },
    { peer: 'uws', js: 100, all: 80 },
    { peer: 'native-listener', js: 20, all: 120 },
  ];
  const peers = [PEERS[1], { name: 'uws', title: 'uWebSockets.js' }, ours];

  it('compare it with ws on Node’s server, and with uWebSockets.js', () => {
    const [all, js] = verdictsOf(report('connect-close', runs, peers));
    assert.deepEqual([all.ours, js.ours], ['native-listener', 'native-listener']);
    assert.deepEqual(all.verdicts.ws, { ratio: 0.6, limit: 0.5, sign: '≤', reached: false });
    assert.deepEqual(all.verdicts.uws, { ratio: 1.5, limit: 1.75, sign: '≤', reached: true });
    assert.deepEqual(js.verdicts.ws, { ratio: 0.2, limit: 0.3, sign: '≤', reached: true });
  });

  it('have a table and charts if it was measured', () => {
    const results = report('connect-close', runs, peers);
    const shown = blocksOf(results, chartsOf(results), 'performance');
    assert.match(shown['verdicts listener'], /all-thread CPU \| 0\.600 \(≤ 0\.5\) ✗/);
    assert.match(shown['chart connecting'], /own listener 20\.0 \+ 100/);
    assert.equal(shown['verdicts ws listener'], '*Not measured in this run.*');
  });
});

describe('pages', () => {
  const blocks = (cell, runs, peers) => {
    const results = report(cell, runs, peers);
    return blocksOf(results, chartsOf(results), 'performance');
  };

  it('show compression if it was measured', () => {
    const shown = blocks('deflate-50x1x4096', [
      { peer: 'ws', js: 70, all: 250, wire: 800, resident: 500 },
      { peer: 'native', js: 5, all: 150, wire: 900, resident: 100 },
    ]);
    assert.match(shown.figures, /\| wire B \| KiB each \|/);
    assert.match(shown.verdicts, /JS-thread CPU \| 0\.071 \(≤ 0\.1\) ✓/);
    assert.match(shown.verdicts, /all-thread CPU \| 0\.600 \(≤ 0\.7\) ✓/);
    assert.match(shown.verdicts, /KiB per connection \| 0\.200 \(≤ 0\.5\) ✓/);
    assert.match(
      shown['chart cpu-deflate'],
      /4 KiB: ws 70\.0 \+ 180, websocket-native 5\.00 \+ 145/,
    );
    assert.match(shown['chart wire-deflate'], /4 KiB: ws 800, websocket-native 900/);
    assert.match(shown['chart memory-deflate'], /4 KiB: ws 500, websocket-native 100/);
  });

  it('have a chart and a table for the API of ws if it was measured', () => {
    const runs = [
      { peer: 'ws', js: 10, all: 11 },
      { peer: 'native-ws', js: 1, all: 7 },
    ];
    const shown = blocks('50x1x64', runs, PEERS_OF_WS);
    assert.match(shown['chart cpu-ws'], /ws 10\.0 \+ 1\.00, websocket-native\/ws 1\.00 \+ 6\.00/);
    assert.match(shown['verdicts ws'], /JS-thread CPU \| 0\.100 \(≤ 0\.15\) ✓/);
    assert.doesNotMatch(shown.verdicts, /0\.15/);
    const without = blocks('50x1x64', runs.slice(0, 1));
    for (const name of ['chart cpu-ws', 'verdicts ws', 'verdicts']) {
      assert.equal(without[name], '*Not measured in this run.*', name);
    }
  });

  it("begin with a user's benefit, if it was measured", () => {
    const shown = blocks('app-50x4x1024', [
      { peer: 'ws', js: 19.1 },
      { peer: 'native', js: 8.87 },
    ]);
    assert.deepEqual(shown.answer.split('\n'), [
      '|  | cell | websocket-native | websocket | ws |',
      '| --- | --- | ---: | ---: | ---: |',
      '| JavaScript thread, µs to answer 1 KiB of JSON | `app-50x4x1024` | 8.87 | – | 19.1 |',
    ]);
  });

  it('mark a busy load beside its figures, and list other flaws', () => {
    const run = { peer: 'ws', js: 5, elsewhereBusy: 0.4 };
    const shown = blocks('50x1x64', [{ ...run, loadBusy: 0.95 }]);
    assert.match(shown.figures, /\| \*\*95 %\*\* \|/);
    assert.match(shown.warnings, /^- Something else .* in 1 of 1 turns/);
    assert.doesNotMatch(shown.warnings, /busy/);
    assert.equal(blocks('50x1x64', [{ peer: 'ws', js: 5 }]).warnings, '- None.');
  });

  it('say that a chart’s cells were not measured, and omit their column', () => {
    const shown = blocks('50x1x64', [{ peer: 'ws', js: 5, all: 20, rate: 100 }]);
    assert.match(shown['chart cpu'], /^!\[CPU time/);
    assert.equal(shown['chart cpu-deflate'], '*Not measured in this run.*');
    assert.doesNotMatch(shown.figures, /wire/);
  });
});

describe('warnings', () => {
  const run = { peer: 'ws', loadBusy: 0.5, elsewhereBusy: 0.01, unanswered: 0 };

  it('do not exist for a sound run', () => {
    assert.deepEqual(warningsOf(report('50x1x64', [run])), []);
  });

  for (const [flaw, words] of [
    [{ loadBusy: 0.95 }, /the load was 95 % busy/],
    [{ elsewhereBusy: 0.4 }, /used over 10 % of a core, at most 40 %, in 1 of 1 turns/],
    [{ unanswered: 3 }, /3 connections got no answer/],
    [{ resumed: 0.67 }, /ws: clients had a ticket for 67 % of their handshakes/],
    [{ error: 'the server ended (1)' }, /round 1: FAILED: the server ended/],
    [{ peer: 'ws-bufferutil', bufferutil: false }, /ran without bufferutil/],
  ]) {
    it(`name ${Object.keys(flaw).at(-1)}`, () => {
      const warnings = warningsOf(report('50x1x64', [{ ...run, ...flaw }]));
      assert.equal(warnings.length, 1);
      assert.match(warnings[0], words);
    });
  }
});

describe('charts', () => {
  it('have axes that begin at zero, in round steps', () => {
    assert.deepEqual(ticksUpTo(23.4, 4), [0, 10, 20]);
    assert.deepEqual(ticksUpTo(0.9, 4), [0, 0.25, 0.5, 0.75]);
    assert.deepEqual(ticksUpTo(0, 4), [0]);
  });

  it('have bars in proportion to their values, and state the values', () => {
    const charts = chartsOf(
      report('50x1x64', [
        { peer: 'websocket', js: 10, all: 20 },
        { peer: 'ws', js: 5, all: 5 },
        { peer: 'native', js: 1, all: 4 },
      ]),
    );
    const { svg, description } = charts.find(({ file }) => file === 'cpu.svg');
    assert.match(
      description,
      /websocket 10\.0 \+ 10\.0, ws 5\.00, websocket-native 1\.00 \+ 3\.00/,
    );
    const widths = (name) =>
      [
        ...svg.matchAll(
          new RegExp(`<rect class="${name}" [^>]*width="([\\d.]+)" height="16"`, 'g'),
        ),
      ].map(([, width]) => Number(width));
    const [whole] = widths('peer');
    assert.equal(widths('peer-rest')[0], whole);
    assert.ok(Math.abs(widths('peer')[1] - whole / 2) < 0.2);
    assert.ok(Math.abs(widths('ours')[0] - whole / 10) < 0.2);
    assert.ok(Math.abs(widths('ours-rest')[0] - (whole * 3) / 10) < 0.2);
  });

  it('omit what was not measured', () => {
    assert.deepEqual(chartsOf(report('50x1x64', [])), []);
  });
});

describe('generated blocks', () => {
  const page = 'before\n<!-- begin: a -->\nold\n<!-- end -->\nafter\n';

  it('are replaced, without other changes', () => {
    const expected = 'before\n<!-- begin: a -->\nnew $1\n<!-- end -->\nafter\n';
    assert.equal(replaceBlocks(page, { a: 'new $1' }), expected);
  });

  it('must all be generated', () => {
    assert.throws(() => replaceBlocks(page, {}), /nothing is generated for the block a/);
  });
});
