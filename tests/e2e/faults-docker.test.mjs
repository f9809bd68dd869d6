// Docker containers under the invoker: a daemon that dies, a stop under load, runtimes that do everything wrong.
import assert from 'node:assert/strict';
import {before, test} from 'node:test';

import {measureDeaths} from './death.mjs';
import {Docker} from './docker.mjs';
import {ownService, service, withInvoker} from './invoker.mjs';
import {eventually, remove, scratchFolder} from './platform.mjs';

const kafka = service('kafka');
const couchdb = service('couchdb');
const docker = new Docker(service('docker'));

// The runtime's fault, the call at which it comes, an action of the simulator's own that ends alike, and what the caller is told.
const INIT_TIME = /^The action exceeded its time limits of 2000 milliseconds during initialization\.$/;
const INIT_EXITED = /^The action did not initialize and exited unexpectedly\.$/;
const RUN_TIME = /^The action exceeded its time limits of 2000 milliseconds\.$/;
const RUN_EXITED = /^The action did not produce a valid response and exited unexpectedly\.$/;
const TOO_LONG = /^The action produced a response that exceeded the allowed length: 104857600 > 1048576 bytes\. The truncated response was: /;
const FAULTS = [
  ['no port', 'init', 'exit', INIT_TIME],
  ['end', 'init', 'exit', INIT_EXITED],
  ['hang', 'init', 'exit', INIT_TIME],
  ['garbage', 'init', 'exit', INIT_EXITED],
  ['cut', 'init', 'exit', INIT_EXITED],
  ['die', 'init', 'exit', INIT_EXITED],
  ['flood', 'init', 'exit', TOO_LONG],
  ['hang', 'run', 'exit', RUN_TIME],
  ['garbage', 'run', 'exit', RUN_EXITED],
  ['cut', 'run', 'exit', RUN_EXITED],
  ['die', 'run', 'exit', RUN_EXITED],
  ['flood', 'run', 'result:1200000', TOO_LONG],
];

before(async () => {
  await docker.buildRuntimes();
  for (const [fault, path] of FAULTS) await docker.addFaulty(fault, path);
});

const passed = ms => new Promise(resolve => setTimeout(resolve, ms));
const errorOf = record => record.response.result?.error;

test('a runtime may hang, answer garbage, close early, flood, die or never open its port: each is told as what it is', () =>
  withInvoker({kafka, couchdb, settings: docker.settings}, async invoker => {
    const outcomes = await Promise.all(FAULTS.map(async ([fault, path, action], number) => {
      const kind = `python:faulty-${fault}-${path}`.replaceAll(' ', '-');
      return invoker.simulate('--controller', `c${number}`, '--namespace', `ns${invoker.prefix}-${number}`, '--action', action,
          '--kind', kind, '--logs', '0', '--timeout', fault === 'flood' ? '30 s' : '2 s', '--memory', '128 MB', '--requests', '3', '--blocking', '50', '--strict');
    }));
    for (const [number, [fault, path, , text]] of FAULTS.entries()) {
      assert.equal(outcomes[number].code, 0, `${fault} at ${path}: ${outcomes[number].failure}`);
      const records = await invoker.records(`ns${invoker.prefix}-${number}`);
      assert.equal(records.length, 3);
      for (const record of records) assert.match(errorOf(record), text, `${fault} at ${path}: ${JSON.stringify(record)}`);
    }
    const {code, failure} = await invoker.simulate('--action', 'echo', '--requests', '10', '--memory', '128 MB');
    assert.equal(code, 0, failure);
  }));

test('a container that dies is told at once: no two seconds of waiting for word of its memory', () =>
  withInvoker({kafka, couchdb, settings: docker.settings}, invoker => measureDeaths('Docker container', invoker, async () => {
    const ids = await docker.containersOf(invoker);
    const pids = await Promise.all(ids.map(id => docker.docker('inspect', '-f', '{{.State.Pid}}', id).catch(() => '0')));
    return pids.map(Number).filter(pid => pid);
  })));

test('SIGTERM under load: what was sent is finished, and no container is left', () =>
  withInvoker({kafka, couchdb, settings: docker.settings}, async invoker => {
    const simulation = invoker.beginSimulation('--action', 'sleep:100', '--action', 'log:5', '--requests', '0', '--duration', '5s',
        '--outstanding', '8', '--memory', '128 MB', '--tolerate', 'ping-gap');
    await simulation.heard(/invoker0 is up/);
    await passed(2500);
    assert.notDeepEqual(await docker.containersOf(invoker), []);
    assert.deepEqual(await invoker.stop(), {code: 0, signal: null});
    assert.deepEqual(await docker.containersOf(invoker), []);
    const {code, report, failure} = await simulation.ended;
    assert.equal(code, 0, failure);
    assert.ok(report.phases[0].completed > 8, failure);
  }));

// Not held yet: once, after the daemon was back, two calls to containers of before hung until their time limit.
const NOT_HELD = {todo: 'a call to a container of before the crash may hang until its time limit'};
test('the daemon may be killed under load and come back: what it ended fails, all is acknowledged, and then it works again', NOT_HELD, async () => {
  const folder = scratchFolder();
  const own = await ownService('docker', `${folder}/docker`);
  try {
    const shaken = new Docker(own);
    await shaken.buildRuntimes();
    await withInvoker({kafka, couchdb, settings: shaken.settings}, async invoker => {
      const simulation = invoker.beginSimulation('--action', 'sleep:300', '--rate', '10', '--requests', '120', '--duration', '20s', '--memory', '128 MB',
          '--tolerate', 'result-wrong,record-wrong', '--grace', '30s');
      await simulation.heard(/invoker0 is up/);
      await eventually('activations run', async () => (await shaken.containersOf(invoker)).length > 2);
      await passed(1500);
      await own.crash();
      await passed(2000);
      await own.resume();
      const {code, failure} = await simulation.ended;
      assert.equal(code, 0, failure);
      const failures = (await invoker.records()).filter(record => record.response.statusCode !== 0);
      assert.ok(failures.length > 0, 'it was under load');
      for (const {response} of failures) {
        const isKilled = response.statusCode === 2 && /did not produce a valid response and exited unexpectedly/.test(response.result.error);
        const isNotStarted = response.statusCode === 3 && response.result.error === 'Failed to provision resources to run the action.';
        assert.ok(isKilled || isNotStarted, JSON.stringify(response));
      }
      const again = await invoker.simulate('--action', 'echo', '--action', 'sleep:50', '--requests', '40', '--outstanding', '4',
          '--memory', '128 MB', '--controller', 'second', '--strict');
      assert.equal(again.code, 0, again.failure);
      assert.deepEqual(await invoker.stop(), {code: 0, signal: null});
      assert.deepEqual(await shaken.containersOf(invoker), []);
    });
  } finally {
    await own.stop();
    remove(folder);
  }
});
