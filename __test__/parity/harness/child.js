'use strict';

/**
 * Runs the scenarios of one file, one after another, against one package, and reports each trace to
 * the parent. Started by runner.js with a JSON job as its argument.
 */
const { performance } = require('node:perf_hooks');

const job = JSON.parse(process.argv[2]);
const { file, names, module: modulePath, transport, watchdog } = job;
const { Scene } = require(job.scene);
const scenarios = require(file).filter(({ name }) => names.includes(name));
const ws = require(modulePath);

/** A scenario hangs when nothing is recorded for this many ticks of a timer. */
const TICKS = 100;

let current = null;

// An uncaught exception is an event like any other, so that upstream's crashes are compared, too.
const onUncaught = (error) => current?.lane('process').add('uncaught', error);
process.on('uncaughtException', onUncaught);
process.on('unhandledRejection', onUncaught);

const send = (message) => new Promise((resolve) => process.send(message, resolve));

/**
 * Fails when nothing is recorded for `watchdog` ms, far longer than any working scenario needs. It
 * counts turns of this process's event loop and not the time of day, because on a busy machine the
 * turns are as late as the events.
 */
function hangDetector(scene) {
  let timer;
  let length = 0;
  let ticks = 0;
  const hang = new Promise((resolve) => {
    timer = setInterval(() => {
      if (scene.trace.length !== length) ticks = 0;
      length = scene.trace.length;
      ticks += 1;
      if (ticks < TICKS) return;
      const message = `nothing new for ${watchdog} ms`;
      resolve({ kind: 'hang', message, waits: [...scene.trace.waits] });
    }, watchdog / TICKS);
  });
  return { hang, stop: () => clearInterval(timer) };
}

async function attempt(scenario, scene) {
  try {
    await scenario.run(scene);
    return undefined;
  } catch (error) {
    return { kind: 'error', message: error.stack };
  }
}

function neverAdopted(scenario, scene) {
  if (!job.adoption || scenario.adopts === false || scene.adopted) return undefined;
  return { kind: 'transport', message: 'no connection ran on the adopted descriptor' };
}

async function runOne(scenario) {
  const scene = new Scene(ws, transport);
  current = scene;
  const started = performance.now();
  const { hang, stop } = hangDetector(scene);
  const ran = attempt(scenario, scene);
  let failure = await Promise.race([ran, hang]);
  failure ??= await Promise.race([ran.then(() => scene.finish()), hang]);
  stop();
  failure ??= neverAdopted(scenario, scene);
  await send({
    name: scenario.name,
    lanes: scene.trace,
    failure,
    ms: Math.round(performance.now() - started),
  });
  return failure?.kind !== 'hang' && failure?.kind !== 'error';
}

async function main() {
  for (const scenario of scenarios) {
    await send({ starts: scenario.name });
    // Leftovers of a failed scenario could disturb the next one, which therefore gets a new
    // process.
    if (!(await runOne(scenario))) break;
  }
  process.disconnect();
  process.exit(0);
}

main();
