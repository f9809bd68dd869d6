// The drop-in invoker between a real broker and a real database, before a controller that counts every breach.
import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {after, test} from 'node:test';

import {descendsFrom} from './death.mjs';
import {ownService, service, withInvoker as whileInvokerRuns} from './invoker.mjs';
import {eventually, leftSince, passed, remove, scratchFolder, traces} from './platform.mjs';

const kafka = service('kafka');
const couchdb = service('couchdb');
const before = traces();

const withInvoker = (options, body) => whileInvokerRuns({kafka, couchdb, ...options}, body);

after(() => assert.deepEqual(leftSince(before), []));

test('every kind of activation is acknowledged, recorded and told as an event, as the contract has it', () =>
  withInvoker({}, async invoker => {
    const {code, failure} = await invoker.simulate(
        '--action', 'echo', '--action', 'fail', '--action', 'log:20', '--action', 'exit', '--action', 'init',
        '--action', 'result:1200000', '--action', 'result:1048000', '--requests', '140', '--outstanding', '4',
        '--blocking', '50', '--transid-variants', '--events', '--strict');
    assert.equal(code, 0, failure);
  }));

test('without logs one acknowledgement says everything, also of what was killed', () =>
  withInvoker({}, async invoker => {
    const {code, failure} = await invoker.simulate(
        '--action', 'noop', '--action', 'hang:1000', '--action', 'oom', '--requests', '30', '--outstanding', '6',
        '--blocking', '50', '--logs', '0', '--memory', '128 MB', '--events', '--strict');
    assert.equal(code, 0, failure);
  }));

test('more actions than fit into memory all get their turn', () =>
  withInvoker({settings: {CONFIG_whisk_containerPool_userMemory: '1024m'}}, async invoker => {
    const {code, failure} = await invoker.simulate(
        '--action', 'noop', '--copies', '16', '--memory', '128 MB', '--requests', '200', '--outstanding', '8');
    assert.equal(code, 0, failure);
  }));

test('SIGTERM under load loses nothing: what was sent is finished, and the controller sends no more', () =>
  withInvoker({}, async invoker => {
    const simulation = invoker.beginSimulation(
        '--action', 'sleep:100', '--requests', '0', '--duration', '3s', '--outstanding', '8', '--memory', '128 MB',
        '--tolerate', 'ping-gap');
    await simulation.heard(/invoker0 is up/);
    await passed(1500);
    assert.deepEqual(await invoker.stop(), {code: 0, signal: null});
    const {code, failure} = await simulation.ended;
    assert.equal(code, 0, failure);
  }));

// With room for 4 at once 4 are begun, and 4 more are committed and wait behind them. What stays in the topic is the next invoker's.
test('SIGTERM with a backlog loses nothing: what was committed and had not begun is finished, too', () =>
  withInvoker({settings: {CONFIG_whisk_containerPool_userMemory: '512m'}}, async invoker => {
    const simulation = invoker.beginSimulation(
        '--action', 'sleep:500', '--requests', '0', '--duration', '3s', '--outstanding', '8', '--memory', '128 MB',
        '--tolerate', 'ping-gap');
    await simulation.heard(/invoker0 is up/);
    await eventually('a backlog', async () => await invoker.metric('larder_messages{state="waiting"}') > 2);
    assert.deepEqual(await invoker.stop(), {code: 0, signal: null});
    const {code, failure} = await simulation.ended;
    assert.equal(code, 0, failure);
  }));

test('the database may go away under load and come back: every record is there in the end', async () => {
  const folder = scratchFolder();
  const own = await ownService('couchdb', folder);
  try {
    await withInvoker({couchdb: own}, async invoker => {
      const simulation = invoker.beginSimulation(
          '--action', 'noop', '--rate', '100', '--requests', '1000', '--grace', '60s');
      await simulation.heard(/invoker0 is up/);
      await passed(2000);
      assert.equal((await invoker.check('database')).ok, true);
      await own.crash();
      await eventually('/ready says that it is away', async () => (await invoker.check('database')).ok === false);
      await passed(4000);
      await own.resume();
      const {code, failure} = await simulation.ended;
      assert.equal(code, 0, failure);
      await eventually('/ready says that it is back', async () => (await invoker.check('database')).ok === true);
    });
  } finally {
    await own.stop();
    remove(folder);
  }
});

test('the broker may be killed under load and come back: nothing is lost and nothing runs twice', async () => {
  const folder = scratchFolder();
  const own = await ownService('kafka', folder);
  try {
    await withInvoker({kafka: own}, async invoker => {
      const simulation = invoker.beginSimulation(
          '--action', 'echo', '--rate', '100', '--requests', '1000', '--tolerate', 'ping-gap');
      await simulation.heard(/invoker0 is up/);
      await passed(2000);
      await own.crash();
      await passed(2000);
      await own.resume();
      const {code, failure} = await simulation.ended;
      assert.equal(code, 0, failure);
    });
  } finally {
    await own.stop();
    remove(folder);
  }
});

test('the endpoints answer before anything else is there, and say what is missing', () =>
  withInvoker({settings: {KAFKA_HOSTS: '127.0.0.1:1'}}, async invoker => {
    assert.equal(await (await invoker.get('/ping')).text(), 'pong');
    const ready = await invoker.get('/ready');
    assert.equal(ready.status, 503);
    const kafkaCheck = (await ready.json()).checks.find(check => check.name === 'kafka');
    assert.equal(kafkaCheck.ok, false);
    assert.equal((await invoker.stop()).code, 1);
    assert.match(invoker.log, /cannot start: stopped while waiting/);
  }));

// Processes that are kept to be forked, and their forks.
const forksOf = invoker => readdirSync('/proc').filter(pid => /^\d+$/.test(pid)).filter(pid => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('larder_stem') && descendsFrom(Number(pid), invoker.process.pid);
  } catch {
    return false;  // it has ended
  }
});

test('python sandboxes are forks of one interpreter, unless larder.python.stem is false', async () => {
  for (const stem of ['true', 'false']) {
    await withInvoker({settings: {CONFIG_larder_python_stem: stem}}, async invoker => {
      const {code, failure} = await invoker.simulate('--kind', 'python:3', '--copies', '3', '--requests', '6', '--memory', '128 MB');
      assert.equal(code, 0, failure);
      assert.equal(forksOf(invoker).length > 0, stem === 'true');
    });
  }
});

test('a disabled invoker says so and still runs what it gets', () =>
  withInvoker({}, async invoker => {
    const credentials = {authorization: 'Basic ' + Buffer.from('invoker.user:invoker.pass').toString('base64')};
    await invoker.simulate('--requests', '1');
    const disabled = await invoker.get('/disable', {method: 'POST', headers: credentials});
    assert.equal(await disabled.text(), `invoker0/${invoker.prefix} is now disabled.`);
    assert.equal(await (await invoker.get('/isEnabled', {headers: credentials})).text(), '{"enabled":false}');
    const enabled = await invoker.get('/enable', {method: 'POST', headers: credentials});
    assert.equal(enabled.status, 200);
    const {code, failure} = await invoker.simulate('--requests', '5', '--controller', 'second');
    assert.equal(code, 0, failure);
    const metrics = await (await invoker.get('/metrics')).text();
    assert.match(metrics, /^larder_messages_committed_total [1-9]/m);
  }));
