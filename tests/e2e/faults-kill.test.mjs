// An invoker that is killed again and again: what was committed and unfinished is lost, nothing else, and nothing runs twice.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {before, test} from 'node:test';

import {Docker} from './docker.mjs';
import {Invoker, service} from './invoker.mjs';
import {eventually, passed, remove, scratchFolder} from './platform.mjs';

const KILLS = 20;
const ACTIVATIONS = 2000;
const RATE = 45;         // a second
const LIFE_MS = 2500;    // at most, from a start to the next kill

const kafka = service('kafka');
const couchdb = service('couchdb');
const docker = new Docker(service('docker'));

before(() => docker.buildRuntimes());

// Numbers from 0 to 1 that a seed repeats (mulberry32).
function randomNumbers(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

// A process that was killed may have given the broker a commit or an acknowledgement just before, which the broker has yet to read.
// It has read all when it has closed the connection: until then the dead end of it is in FIN_WAIT1 or FIN_WAIT2.
function isHeardOut() {
  const port = Number(kafka.address.split(':').at(-1)).toString(16).toUpperCase().padStart(4, '0');
  const tables = ['/proc/net/tcp', '/proc/net/tcp6'].map(path => readFileSync(path, 'utf8'));
  return !tables.some(table => new RegExp(`^ *\\d+: \\S+ [0-9A-F]+:${port} 0[45] `, 'm').test(table));
}

// At a random moment from the start of its process on: some die before they take their first activation.
async function killAndRestart(invoker, simulation, kill, random) {
  await passed(random() * LIFE_MS);
  assert.deepEqual(await invoker.stop('SIGKILL'), {code: null, signal: 'SIGKILL'}, invoker.log);
  await eventually('the broker has read all that the dead one sent', isHeardOut);
  simulation.process.kill('SIGUSR1');
  await simulation.heard(/death noted/, kill);
  await invoker.start();
}

test(`killed at ${KILLS} random points, it loses what was committed and unfinished and runs nothing twice`, async () => {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`seed ${seed} (SEED=${seed} repeats the moments)`);
  const random = randomNumbers(seed);
  const folder = scratchFolder();
  const invoker = new Invoker({kafka, couchdb, settings: {
    ...docker.settings, CONFIG_larder_dataFolder: folder, CONFIG_whisk_containerPool_userMemory: '512m'}});
  try {
    await invoker.start();
    const simulation = invoker.beginSimulation('--at-most-once', '--marks-listen', `${await docker.gateway()}:0`,
        '--action', 'sleep:20', '--memory', '128 MB', '--rate', `${RATE}`, '--requests', `${ACTIVATIONS}`,
        '--forced-after', '50s', '--seed', `${seed}`);
    await simulation.heard(/invoker0 is up/);
    for (let kill = 1; kill <= KILLS; ++kill) await killAndRestart(invoker, simulation, kill, random);
    const {code, report, failure} = await simulation.ended;
    assert.equal(code, 0, failure);
    console.log('losses', JSON.stringify({...report.losses, lostIds: undefined}));
    assert.equal(report.losses.sent, ACTIVATIONS);
    assert.equal(report.losses.lostAreTheExpected, true, failure);
    assert.equal(report.losses.ranTwice, 0, failure);
    assert.ok(report.losses.lost > 0, 'so many kills under load lose something, or they were none');
    assert.deepEqual(await invoker.stop(), {code: 0, signal: null});
    assert.deepEqual(await docker.containersOf(invoker), []);
  } finally {
    await invoker.stop('SIGKILL');
    remove(folder);
  }
});
