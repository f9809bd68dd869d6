// Invokers that hand activations to each other between a real broker and a real database; the judge is the controller's books.
import assert from 'node:assert/strict';
import {after, test} from 'node:test';

import {Fleet} from './fleet.mjs';
import {service} from './invoker.mjs';
import {leftSince, passed, traces} from './platform.mjs';

const kafka = service('kafka');
const couchdb = service('couchdb');
const before = traces();
const LONG = Number(process.env.HANDOFF_REQUESTS ?? 0);  // for a longer run

after(() => assert.deepEqual(leftSince(before), []));

async function withFleet(options, body) {
  const fleet = await Fleet.start({kafka, couchdb, ...options});
  try {
    await body(fleet);
  } finally {
    await fleet.end();
  }
}

// Numbers from 0 to 1 that a seed repeats (mulberry32).
function randomNumbers(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

test('thousands of activations, more than half of them handed over: acknowledged as the owner, and the books come out even', () =>
  withFleet({settings: () => ({CONFIG_larder_handoff_drill: '60'})}, async fleet => {
    await fleet.connected([2, 2, 2]);
    const requests = LONG || 1200;
    for (const concurrency of [1, 8]) {
      const done = await fleet.sum('larder_handoffs_total{reason="done"}');
      const {code, failure} = await fleet.invokers[0].simulate(
          '--invokers', '3', '--action', 'echo', '--action', 'fail', '--copies', '4', '--memory', '128 MB',
          '--concurrency', `${concurrency}`, '--requests', `${requests}`, '--outstanding', '12', '--blocking', '70',
          '--transid-variants', '--events', '--strict', '--records-every', '5');
      assert.equal(code, 0, failure + fleet.log);
      const moved = await fleet.sum('larder_handoffs_total{reason="done"}') - done;
      console.log(`concurrency ${concurrency}: ${moved} of ${requests} handed over`);
      assert.ok(moved > requests / 5, `only ${moved} were handed over`);
    }
    assert.equal(await fleet.sum('larder_handoffs_total{reason="lost"}'), 0);
    assert.equal(await fleet.sum('larder_handoffs_under_way'), 0);
    assert.equal(await fleet.sum('larder_guests'), 0);
    const records = await fleet.invokers[0].records();
    const notes = records.flatMap(record => record.annotations.filter(one => one.key === 'locality'));
    const moved = notes.filter(note => note.value.result === 'handoff');
    assert.ok(moved.length > 0 && moved.every(note => note.value.from !== note.value.to), JSON.stringify(moved[0]));
    for (const invoker of fleet.invokers) assert.deepEqual(await invoker.stop(), {code: 0, signal: null});
  }));

test('an invoker without hand-off is never offered anything, and serves beside the others', () =>
  withFleet({settings: id => id === 2 ? {CONFIG_larder_handoff_key: ''} : {CONFIG_larder_handoff_drill: '100'}},
      async fleet => {
        await fleet.connected([1, 1]);
        const {code, failure} = await fleet.invokers[0].simulate(
            '--invokers', '3', '--action', 'noop', '--copies', '6', '--memory', '128 MB', '--requests', '200',
            '--outstanding', '6', '--strict');
        assert.equal(code, 0, failure + fleet.log);
        assert.ok(await fleet.sum('larder_handoffs_total{reason="done"}') > 0);
        assert.ok(Number.isNaN(await fleet.invokers[2].metric('larder_guests')));
      }));

test('owners and executors are killed and come back under their numbers: nothing is released that was not taken', () =>
  withFleet({settings: () => ({CONFIG_larder_handoff_drill: '60'})}, async fleet => {
    await fleet.connected([2, 2, 2]);
    const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
    console.log(`seed ${seed} (SEED=${seed} repeats the moments)`);
    const random = randomNumbers(seed);
    const kills = LONG ? 20 : 3;
    const simulation = fleet.invokers[0].beginSimulation(
        '--invokers', '3', '--action', 'sleep:20', '--copies', '6', '--memory', '128 MB', '--rate', '60',
        '--requests', `${LONG || 600}`, '--forced-after', '20s', '--seed', `${seed}`,
        // What dies with an invoker: its own, and records of what it had acknowledged. What it had of others is an error.
        '--tolerate', 'ack-missing,ack-late,ping-gap,record-missing,record-wrong,result-wrong,second-completion');
    await simulation.heard(/invoker2 is up/);
    for (let kill = 0; kill < kills; ++kill) {
      await passed(500 + random() * 2000);
      const invoker = fleet.invokers[Math.floor(random() * 3)];
      await invoker.stop('SIGKILL');
      await invoker.start();
    }
    const {code, report, failure} = await simulation.ended;
    assert.equal(code, 0, failure + fleet.log);
    const count = kind => report.breaches.find(one => one.kind === kind)?.count ?? 0;
    console.log(JSON.stringify(report.breaches.map(({kind, count}) => ({kind, count}))));
    const wrong = report.breaches.find(({kind}) => kind === 'result-wrong')?.examples ?? [];
    assert.ok(wrong.every(({text}) => text.includes('that had taken the activation was lost')), failure);
    assert.ok(count('result-wrong') <= 12 * kills && count('ack-missing') <= 24 * kills, failure);
    // That of an executor which had acknowledged just before it died.
    assert.ok(count('second-completion') <= kills, failure);
  }));

test('a partition between two invokers that both see the broker leaks nothing', () =>
  withFleet({size: 2, wires: true, settings: () => ({CONFIG_larder_handoff_drill: '70'})}, async fleet => {
    await fleet.connected([1, 1]);
    const simulation = fleet.invokers[0].beginSimulation(
        '--invokers', '2', '--action', 'sleep:30', '--copies', '4', '--memory', '128 MB', '--rate', '60', '--requests', '720',
        '--tolerate', 'second-completion,second-result,record-wrong');
    await simulation.heard(/invoker1 is up/);
    await passed(1500);
    fleet.wires.forEach(wire => wire.cut());
    await fleet.connected([0, 0]);
    await passed(1500);
    fleet.wires.forEach(wire => wire.mend());
    await fleet.connected([1, 1]);
    const {code, report, failure} = await simulation.ended;
    assert.equal(code, 0, failure + fleet.log);
    const moved = await fleet.sum('larder_handoffs_total{reason="done"}');
    console.log(`${moved} handed over`, JSON.stringify(report.breaches?.map(({kind, count}) => ({kind, count}))));
    assert.ok(moved > 50);
    assert.equal(await fleet.sum('larder_handoffs_total{reason="lost"}'), 0, 'both lived, and met again');
  }));
