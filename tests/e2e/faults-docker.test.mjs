// Docker containers under the invoker: a daemon that dies, a stop under load, runtimes that do everything wrong.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {readFileSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';

import {measureDeaths} from './death.mjs';
import {Docker} from './docker.mjs';
import {ownService, service, withInvoker} from './invoker.mjs';
import {eventually, passed, remove, scratchFolder} from './platform.mjs';

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

// A daemon that is made to suffer: nobody else's containers are in it.
const folder = scratchFolder();
let own, shaken;
before(async () => {
  own = await ownService('docker', join(folder, 'docker'));
  shaken = new Docker(own);
  await shaken.buildRuntimes();
  await docker.buildRuntimes();
  for (const [fault, path] of FAULTS) await docker.addFaulty(fault, path);
});
after(async () => {
  await own.stop();
  remove(folder);
});

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

// A container keeps in mind for up to a minute where its host is. An answer to an address that nobody has any more is lost until it asks again:
// a call then hangs, though the action has long ended.
test('the host keeps its address on the bridge of the containers, whichever of them come and go', () => {
  const bridge = readFileSync(join(docker.daemon.folder, 'data/bridge'), 'utf8').trim();
  const address = () => readFileSync(`/sys/class/net/${bridge}/address`, 'utf8');
  const [outer, inner] = [`${bridge}o`, `${bridge}i`];
  const kept = address();
  // What the daemon makes for a container; the lowest address that there can be is the one that a bridge without its own would take.
  execFileSync('ip', ['link', 'add', outer, 'address', '02:00:00:00:00:01', 'type', 'veth', 'peer', 'name', inner]);
  try {
    execFileSync('ip', ['link', 'set', outer, 'master', bridge]);
    assert.equal(address(), kept);
  } finally {
    execFileSync('ip', ['link', 'del', outer]);
  }
  assert.equal(address(), kept);
});

// Containers that have a process, as the host's control groups tell: the daemon may have forgotten some.
function processesOf(daemon) {
  const bridge = readFileSync(join(daemon.folder, 'data/bridge'), 'utf8').trim();
  const group = new RegExp(`larder-docker-${bridge}/([0-9a-f]{64})`);
  const containers = new Map();
  for (const pid of readdirSync('/proc').filter(name => /^[0-9]+$/.test(name))) {
    try {
      const id = readFileSync(`/proc/${pid}/cgroup`, 'utf8').match(group)?.[1];
      if (id && !containers.has(id)) containers.set(id, Number(pid));
    } catch {
      // it has ended meanwhile
    }
  }
  return containers;
}

const readiness = async invoker => {
  const answer = await invoker.get('/ready');
  return {status: answer.status, containers: (await answer.json()).checks.find(check => check.name === 'containers')};
};
const isReady = (invoker, status) => async () => (await readiness(invoker)).status === status;
const NOT_PROVISIONED = 'Failed to provision resources to run the action.';
const isKilled = ({response}) =>
  response.statusCode === 2 && /did not produce a valid response and exited unexpectedly|did not initialize and exited unexpectedly/.test(response.result.error);
const isNotStarted = ({response}) => response.statusCode === 3 && response.result.error === NOT_PROVISIONED;

// An invoker with a stem cell, so that it is seen how those come back, and with room for it beside a container for each call of a test: on a
// busy machine nearly as many are started.
const withStemCell = daemon => {
  const manifest = structuredClone(daemon.manifest);
  manifest.runtimes.python[0].stemCells = [{initialCount: 1, memory: '128 MB'}];
  return {...daemon.settings, RUNTIMES_MANIFEST: JSON.stringify(manifest), CONFIG_whisk_containerPool_userMemory: '20480m'};
};
const hasStemCell = invoker => async () => await invoker.metric('larder_containers{state="stemcell"}') === 1;

test('the daemon may be killed under load and come back: what it ended fails, all is acknowledged, and then it works again', () =>
  withInvoker({kafka, couchdb, settings: withStemCell(shaken)}, async invoker => {
    const simulation = invoker.beginSimulation('--action', 'sleep:300', '--rate', '10', '--requests', '120', '--duration', '20s', '--memory', '128 MB',
        '--tolerate', 'result-wrong,record-wrong', '--grace', '30s');
    await simulation.heard(/invoker0 is up/);
    await eventually('activations run', async () => (await shaken.containersOf(invoker)).length > 2);
    await passed(1500);
    assert.equal((await readiness(invoker)).status, 200);
    await own.crash();
    await eventually('it is not ready', isReady(invoker, 503));
    const {containers} = await readiness(invoker);
    assert.equal(containers.ok, false);
    assert.match(containers.error, /(_ping|events\?.*): .*(connect|recv|peer|partial)/i);
    assert.ok(Math.abs(Date.now() - Date.parse(containers.since)) < 30_000, containers.since);
    assert.equal(await invoker.metric('larder_container_engine_up'), 0);
    await own.resume();
    await eventually('it is ready again', isReady(invoker, 200));
    const {code, failure} = await simulation.ended;
    assert.equal(code, 0, failure);
    const failures = (await invoker.records()).filter(record => record.response.statusCode !== 0);
    assert.ok(failures.length > 0, 'it was under load');
    for (const record of failures) assert.ok(isKilled(record) || isNotStarted(record), `${JSON.stringify(record)}\n${invoker.log}`);
    const again = await invoker.simulate('--action', 'echo', '--action', 'sleep:50', '--requests', '40', '--outstanding', '4',
        '--memory', '128 MB', '--controller', 'second', '--strict');
    assert.equal(again.code, 0, again.failure);
    assert.equal(await invoker.metric('larder_container_engine_up'), 1);
    // The pauses between two tries have grown to ten seconds by then.
    await eventually('there is a stem cell again', hasStemCell(invoker), 30);
    // A process that the daemon has forgotten would share its address with a container of today.
    const known = await shaken.containersOf(invoker);
    assert.deepEqual([...processesOf(own).keys()].filter(id => !known.includes(id)), []);
    assert.deepEqual(await invoker.stop(), {code: 0, signal: null});
    assert.deepEqual(await shaken.containersOf(invoker), []);
    assert.equal(processesOf(own).size, 0);
  }));

test('a daemon that stands still is noticed; when it goes on, so does everything', () =>
  withInvoker({kafka, couchdb, settings: withStemCell(shaken)}, async invoker => {
    const pid = Number(readFileSync(join(own.folder, 'pids'), 'utf8'));
    await eventually('there is a stem cell', hasStemCell(invoker));
    const simulation = invoker.beginSimulation('--action', 'echo', '--action', 'sleep:50', '--rate', '10', '--requests', '120', '--duration', '20s',
        '--logs', '0', '--memory', '128 MB', '--tolerate', 'result-wrong,record-wrong', '--grace', '30s');
    await simulation.heard(/invoker0 is up/);
    await passed(500);
    process.kill(pid, 'SIGSTOP');
    try {
      await eventually('it is not ready', isReady(invoker, 503));
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await eventually('it is ready again', isReady(invoker, 200));
    const {code, failure} = await simulation.ended;
    assert.equal(code, 0, failure);
    const again = await invoker.simulate('--action', 'echo', '--requests', '20', '--memory', '128 MB', '--controller', 'second', '--strict');
    assert.equal(again.code, 0, again.failure);
  }));

// The daemon never answers a request that was on its way to containerd.
const SHORT_PATIENCE = {CONFIG_whisk_docker_client_timeouts_run: '3 seconds', CONFIG_whisk_docker_client_timeouts_rm: '3 seconds'};
test('containerd may be killed alone: what runs goes on, and new containers come again', () =>
  withInvoker({kafka, couchdb, settings: {...shaken.settings, ...SHORT_PATIENCE}}, async invoker => {
    const simulation = invoker.beginSimulation('--action', 'sleep:50', '--rate', '20', '--requests', '80', '--duration', '20s', '--memory', '128 MB',
        '--tolerate', 'result-wrong,record-wrong', '--grace', '30s');
    await simulation.heard(/invoker0 is up/);
    await passed(1500);
    process.kill(Number(readFileSync(join(own.folder, 'data/exec/containerd/containerd.pid'), 'utf8')), 'SIGKILL');
    const {code, failure} = await simulation.ended;
    assert.equal(code, 0, failure);
    const failures = (await invoker.records()).filter(record => record.response.statusCode !== 0);
    for (const record of failures) assert.ok(isKilled(record) || isNotStarted(record), JSON.stringify(record.response));
    // A controller asks for the health test action once a minute: it should not come too early.
    const makesContainers = () => shaken.docker('run', '--rm', 'larder-base', 'true').then(() => true, () => false);
    await eventually('the daemon makes containers again', makesContainers, 60);
    const again = await invoker.simulate('--action', 'echo', '--requests', '20', '--outstanding', '4', '--memory', '128 MB',
        '--controller', 'second', '--strict');
    assert.equal(again.code, 0, again.failure);
    assert.equal((await readiness(invoker)).status, 200);
  }));

test('somebody else may remove or pause containers that wait, or take an image away: it costs at most the time for another', () =>
  withInvoker({kafka, couchdb, settings: withStemCell(shaken)}, async invoker => {
    const simulate = (controller, ...args) =>
      invoker.simulate('--action', 'echo', '--requests', '5', '--memory', '128 MB', '--controller', controller, ...args);
    const succeed = async controller => {
      const {code, failure} = await simulate(controller, '--strict');
      assert.equal(code, 0, failure);
    };
    await succeed('first');
    await eventually('there is a stem cell', hasStemCell(invoker));
    await shaken.docker('rm', '-f', ...await shaken.containersOf(invoker));
    await eventually('the stem cell is replaced', async () =>
      (await hasStemCell(invoker)()) && (await shaken.containersOf(invoker)).length === 1);
    await succeed('second');
    await eventually('all rest', async () => await invoker.metric('larder_containers{state="busy"}') === 0);
    for (const id of await shaken.containersOf(invoker)) await shaken.docker('pause', id).catch(() => {});
    await passed(100);
    await succeed('third');

    const image = 'larder/action-python-v3';
    await shaken.docker('tag', image, 'kept');
    await shaken.docker('rmi', '-f', image);
    await shaken.docker('rm', '-f', ...await shaken.containersOf(invoker));
    const {code, failure} = await simulate('fourth', '--tolerate', 'result-wrong,record-wrong');
    assert.equal(code, 0, failure);
    const failures = (await invoker.records()).filter(record => record.response.statusCode !== 0);
    assert.ok(failures.length > 0 && failures.every(isNotStarted), JSON.stringify(failures));
    assert.equal((await readiness(invoker)).status, 200, 'the daemon is well');
    await shaken.docker('tag', 'kept', image);
    await succeed('fifth');
  }));

test('the disk of the daemon may be full: activations fail and say so, and come through when there is room', async () => {
  const disk = join(own.folder, 'data/root/containers');
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'larder-docker-disk', disk]);
  try {
    await withInvoker({kafka, couchdb, settings: shaken.settings}, async invoker => {
      const simulation = invoker.beginSimulation('--action', 'echo', '--rate', '10', '--requests', '80', '--duration', '20s', '--memory', '128 MB',
          '--tolerate', 'result-wrong,record-wrong', '--grace', '30s');
      await simulation.heard(/invoker0 is up/);
      execFileSync('sh', ['-c', `cat /dev/zero >'${disk}/filler' 2>/dev/null || true`]);
      const notStarted = async () => (await invoker.records()).filter(isNotStarted).length;
      await eventually('activations find no room', async () => await notStarted() > 0);
      execFileSync('rm', [join(disk, 'filler')]);
      const {code, failure} = await simulation.ended;
      assert.equal(code, 0, failure);
      const again = await invoker.simulate('--action', 'echo', '--requests', '5', '--memory', '128 MB', '--controller', 'second', '--strict');
      assert.equal(again.code, 0, again.failure);
    });
  } finally {
    execFileSync('umount', ['-l', disk]);
  }
});
