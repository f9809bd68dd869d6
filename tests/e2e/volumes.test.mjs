// Volumes in a cluster: the drop-in invoker, its node's larder-storaged, Docker containers and sandboxes.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';

import {Calls, noted} from './calls.mjs';
import {runtimesOf} from './death.mjs';
import {Docker} from './docker.mjs';
import {Invoker, service} from './invoker.mjs';
import {eventually, leftSince, remove, scratchFolder, traces} from './platform.mjs';
import {Storaged} from './storaged.mjs';

const kafka = service('kafka');
const couchdb = service('couchdb');
const docker = new Docker(service('docker'));
const traced = traces();
let storaged;

before(async () => {
  storaged = await new Storaged('node').start();
  await docker.buildRuntimes();
});
after(() => storaged.remove());

const CODE = `
import os, subprocess, time
def read(folder):
    found = {}
    for base, _, names in os.walk(folder):
        for name in names:
            found[os.path.join(base, name)] = open(os.path.join(base, name)).read()
    return found
def main(args):
    for path, text in args.get('write', {}).items():
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w') as f: f.write(text)
    if 'leave' in args:  # a process that goes on
        subprocess.Popen(['/bin/sh', '-c', args['leave']], start_new_session=True)
        time.sleep(0.3)
    end = time.time() + args.get('wait', 0)
    while time.time() < end and not os.path.exists('/mnt/v/enough'): time.sleep(0.01)
    if args.get('late'):
        with open('/mnt/v/late', 'w') as f: f.write('late')
    if args.get('fail'): return {'error': 'as was asked'}
    return {'files': {**read('/mnt/v'), **read('/mnt/job')}, 'own': os.stat('/mnt/v').st_uid == os.getuid(),
            'host': open('/proc/sys/kernel/hostname').read().strip()}
`;
const VOLUMES = name => ({volumes: [{name, path: '/mnt/v', tier: 'durable'}, {name: `${name}-job`, path: '/mnt/job', tier: 'ephemeral', lifetime: 'volume'}]});
const underWay = count => eventually('it is under way', () => storaged.metric('larder_storage_attempts_open') === count);
const filesOf = record => record.response.result?.files ?? record.response;

const WORLDS = [
  {
    name: 'in sandboxes',
    settings: () => ({CONFIG_larder_containers: 'sandbox'}),
    kill: invoker => runtimesOf(invoker).forEach(pid => process.kill(pid, 'SIGKILL')),
    containers: invoker => runtimesOf(invoker),
  },
  {
    name: 'in Docker containers',
    settings: () => docker.settings,
    kill: async invoker => docker.docker('kill', ...await docker.containersOf(invoker)),
    containers: invoker => docker.containersOf(invoker),
  },
];

// An invoker beside that daemon, and one who calls.
async function withCalls(world, settings, body) {
  const folder = scratchFolder();
  const invoker = new Invoker({kafka, couchdb,
    settings: {CONFIG_larder_dataFolder: folder, CONFIG_larder_storaged_socket: storaged.socket, ...world.settings(), ...settings}});
  try {
    await invoker.start();
    await body(await new Calls(invoker).begin(), invoker);
    assert.deepEqual(await invoker.stop(), {code: 0, signal: null}, invoker.log);
    assert.equal((await world.containers(invoker)).length, 0);
  } finally {
    await invoker.stop('SIGKILL');
    remove(folder);
  }
}

// What the records of warm calls say of it.
async function medians(calls) {
  const times = {attachMs: [], detachMs: []};
  for (let i = 0; i < 11; ++i) {
    const timing = noted(await calls.run('keep'), 'timing');
    assert.equal(timing.start, 'warm');
    for (const phase of Object.keys(times)) times[phase].push(timing[phase]);
  }
  return Object.fromEntries(Object.entries(times).map(([phase, all]) => [phase, all.sort((a, b) => a - b)[5]]));
}

for (const world of WORLDS) {
  const volume = `files-${world.name.split(' ')[1].toLowerCase()}`;

  test(`${world.name}, volumes are there with their files, whole or not at all, for their owner alone`, () => withCalls(world, {}, async calls => {
    await calls.put('keep', CODE, VOLUMES(volume));
    const first = await calls.run('keep', {write: {'/mnt/v/deep/a': 'hello', '/mnt/job/b': 'fast'}});
    const both = {'/mnt/v/deep/a': 'hello', '/mnt/job/b': 'fast'};
    assert.deepEqual(filesOf(first), both, JSON.stringify(first));
    assert.equal(first.response.result.own, true, 'whoever runs the action owns its files');
    const [durable, ephemeral] = noted(first, 'volumes');
    assert.equal(durable.commit, 'ok');
    assert.equal(durable.durable.writtenBytes, 5);
    assert.equal(ephemeral.tier, 'ephemeral');
    assert.equal(noted(first, 'timing').start, 'cold');
    assert.ok(noted(first, 'timing').attachMs > 0);
    const second = await calls.run('keep', {write: {'/mnt/v/deep/a': 'other', '/mnt/v/c': 'x'}, fail: true});
    assert.match(noted(second, 'volumes')[0].commit, /^aborted/);
    const third = await calls.run('keep');
    assert.equal(noted(third, 'timing').start, 'warm');
    assert.equal(third.response.result.host, first.response.result.host, 'the same container');
    assert.deepEqual(filesOf(third), both);
    assert.deepEqual(filesOf(await calls.run('keep', {}, {space: 'bob'})), {}, 'another user of the same action');
    assert.deepEqual(filesOf(await calls.run('keep')), both);
    console.log(`RESULT ${world.name}, attach and detach of two volumes on a warm call: ${JSON.stringify(await medians(calls))} ms`);
  }));

  test(`${world.name}, a process that an activation has left writes into the void`, () => withCalls(world, {}, async calls => {
    await calls.put('leave', CODE, VOLUMES(`${volume}-void`));
    const byName = await calls.run('leave', {leave: 'while sleep 0.05; do mkdir -p /mnt/v && echo x >>/mnt/v/by-name; done'});
    await calls.run('leave', {leave: 'cd /mnt/v; exec 9>held; while sleep 0.05; do echo x >&9; echo x >by-folder; done'});
    assert.equal(byName.response.statusCode, 0);
    const names = () => storaged.volume('ls', `alice/${volume}-void:`);
    const now = names();
    await new Promise(resolve => setTimeout(resolve, 300));
    assert.equal(names(), now, 'what was committed is all there is');
    const {held, ...others} = JSON.parse(JSON.stringify(filesOf(await calls.run('leave'))));
    assert.equal(held, undefined);
    assert.ok(Object.values(others).every(text => text.length < 100), 'nothing has grown since');
  }));

  test(`${world.name}, a container that is killed publishes nothing, a daemon that is killed is not noticed`, () => withCalls(world, {}, async (calls, invoker) => {
    await calls.put('die', CODE, VOLUMES(`${volume}-die`));
    await calls.run('die', {write: {'/mnt/v/a': '1'}});
    const dying = await calls.send('die', {write: {'/mnt/v/a': '2', '/mnt/v/b': '2'}, wait: 20});
    await underWay(2);
    await world.kill(invoker);
    assert.notEqual((await calls.end(dying)).response.statusCode, 0);
    assert.deepEqual(filesOf(await calls.run('die')), {'/mnt/v/a': '1'});

    const before = storaged.server;
    const running = await calls.send('die', {write: {'/mnt/v/c': '3'}, wait: 1.5, late: true});
    await underWay(2);
    process.kill(before, 'SIGKILL');
    const survived = await calls.end(running);
    assert.deepEqual(filesOf(survived), {'/mnt/v/a': '1', '/mnt/v/c': '3', '/mnt/v/late': 'late'}, JSON.stringify(survived));
    assert.equal(noted(survived, 'volumes')[0].commit, 'ok');
    assert.notEqual(storaged.server, before);
  }));

  test(`${world.name}, an invoker that is killed leaves volumes as they were, and the next one goes on`, () => withCalls(world, {}, async (calls, invoker) => {
    await calls.put('stop', CODE, VOLUMES(`${volume}-stop`));
    await calls.run('stop', {write: {'/mnt/v/a': '1'}});
    await calls.send('stop', {write: {'/mnt/v/a': '2', '/mnt/v/b': '2'}, wait: 20});
    await underWay(2);
    await invoker.stop('SIGKILL');
    await underWay(0);
    await invoker.start();
    assert.deepEqual(filesOf(await calls.run('stop')), {'/mnt/v/a': '1'});
  }));
}

test('without a daemon only actions with volumes are refused, and one that comes is found', async () => {
  const late = new Storaged('late');
  try {
    const settings = {CONFIG_larder_storaged_socket: late.socket, CONFIG_larder_storaged_patience: '200 ms', CONFIG_larder_volumes: 'required'};
    await withCalls(WORLDS[0], settings, async (calls, invoker) => {
      await calls.put('ask', CODE, VOLUMES('asked'));
      const refused = await calls.run('ask');
      assert.equal(refused.response.statusCode, 2, JSON.stringify(refused));
      assert.match(refused.response.result.error, /this node has no volumes: no larder-storaged answers at .*control/);
      assert.equal(await invoker.metric('larder_storaged_up'), 0);
      assert.equal((await invoker.check('volumes')).ok, false);
      await late.start();
      await eventually('it is found', async () => await invoker.metric('larder_storaged_up') === 1);
      assert.equal((await invoker.check('volumes')).ok, true);
      assert.deepEqual(filesOf(await calls.run('ask', {write: {'/mnt/v/a': 'x'}})), {'/mnt/v/a': 'x'});
      await late.stop();
      await eventually('it is missed', async () => (await invoker.check('volumes')).ok === false);
      await eventually('whoever asks is told', async () => (await calls.run('ask')).response.statusCode === 3);
    });
  } finally {
    await late.remove();
  }
});

after(async () => eventually('nothing is left', () => leftSince(traced).length === 0).catch(error => {
  throw new Error(`${error.message}: ${leftSince(traced)}`);
}));
