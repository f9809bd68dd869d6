// The playbook from the stock invoker to Larder and back: an inventory of two invokers, both on this machine.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {cpSync, existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {fileURLToPath} from 'node:url';

import {BASE, buildImages, docker, freePort, IMAGE, inspect, makeKeys, relay, root, toDaemon} from '../docker_image/daemon.mjs';
import {privileged} from '../docker_image/stock.mjs';
import {service, skip} from '../e2e/invoker.mjs';
import {remove, scratchFolder} from '../e2e/platform.mjs';
import {reasonWithoutStoraged} from '../e2e/storaged.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const ansible = process.env.ANSIBLE_PLAYBOOK;
if (!existsSync(ansible)) skip('no ansible-playbook: ./dev setup fetches it from PyPI');
const [daemon, kafka, couchdb] = ['docker', 'kafka', 'couchdb'].map(name => service(name));
const folder = scratchFolder();
const STOCK = 'whisk/invoker';
const OTHERS = ['wsk11_1_guest_hello', 'wsk11_2_prewarm_nodejs20', 'wsk1010_1_guest_hello'];
const KEYSTORE_PASSWORD = 'keystore.pass.phrase';
const CONFIG = 'include classpath("application.conf")\nkamon.key = "config.pass.phrase"\n';
// None of these may be said, at any verbosity. Those of the inventory: group_vars/all.yml.
const SECRETS = [couchdb.credentials.split(':')[1], KEYSTORE_PASSWORD, 'invoker.pass.phrase', 'jmx.pass.phrase', 'extra.pass.phrase',
  'config.pass.phrase', Buffer.from(CONFIG).toString('base64'), 'PRIVATE KEY'];
const isPrivileged = privileged().includes('--privileged');
const variables = {
  test_folder: folder,
  test_docker_socket: daemon.address,
  test_kafka: kafka.address,
  test_couchdb: couchdb.address,
  test_credentials: couchdb.credentials,
  test_keystore_password: KEYSTORE_PASSWORD,
  test_prefix: `t${randomBytes(4).toString('hex')}-`,
  larder_invoker: {
    privileged: isPrivileged, security: isPrivileged ? [] : ['seccomp=unconfined'], ping_seconds: 30, ready_seconds: 30,
    settings: {metrics_stockNames: true}, run_dir: join(folder, 'run'),
  },
};

// Larder's containers find broker and database on their own loopback, as soon as they run.
const relays = new Map();
let watching = true;
async function watch() {
  while (watching) {
    for (const name of ['invoker0', 'invoker1']) {
      const state = await inspect(name, '.State').catch(() => undefined);
      if (state?.Running && !relays.has(state.Pid)) {
        const relayed = await relay(state.Pid, kafka, couchdb).catch(() => undefined);  // it may have ended by now
        if (relayed) relays.set(state.Pid, relayed);
      }
    }
    await new Promise(resolve => setTimeout(resolve, 200));
  }
}
let watched;

before(async () => {
  await buildImages();
  await docker('build', '-q', '-t', STOCK, '--build-arg', `BASE=${BASE}`, '-f', join(here, 'stock.Dockerfile'), here);
  // What a checkout of OpenWhisk has after its setup.
  const files = join(folder, 'openwhisk/ansible/roles/invoker/files');
  await makeKeys(files, KEYSTORE_PASSWORD);
  mkdirSync(join(folder, 'openwhisk/ansible/roles/invoker/templates'));
  writeFileSync(join(folder, 'openwhisk/ansible/roles/invoker/templates/config.j2'), CONFIG);
  mkdirSync(join(folder, 'runc'));
  // As README.md says: beside OpenWhisk's own playbooks.
  cpSync(join(root, 'ansible/larder-invoker.yml'), join(folder, 'openwhisk/ansible/larder-invoker.yml'));
  cpSync(join(root, 'ansible/roles/larder_invoker'), join(folder, 'openwhisk/ansible/roles/larder_invoker'), {recursive: true});
  variables.test_port = await freePort(6);
  variables.larder_invoker.storaged_port = await freePort(2);
  watched = watch();
});
after(async () => {
  watching = false;
  await watched;
  for (const relayed of relays.values()) relayed.kill('SIGKILL');
  for (const name of ['invoker0', 'invoker1', 'invoker1-storaged', 'invoker1-storaged-before', ...OTHERS]) await docker('rm', '-f', name).catch(() => undefined);
  remove(folder);
});

// Runs the playbook, as talkative as it can be; gives the exit code, what was printed, and what each host's last line counts.
function play(mode, ...words) {
  const args = ['-i', join(here, 'environment'), 'larder-invoker.yml', '-e', JSON.stringify(variables), '-e', `mode=${mode}`, '-vvv', '--diff'];
  const env = {...toDaemon, ANSIBLE_NOCOLOR: '1', ANSIBLE_RETRY_FILES_ENABLED: '0', ANSIBLE_HOME: join(folder, 'home'),
    ANSIBLE_LOCAL_TEMP: join(folder, 'home/tmp'), ANSIBLE_REMOTE_TEMP: join(folder, 'home/tmp'),
    ANSIBLE_PYTHON_INTERPRETER: '/usr/bin/python3'};
  return new Promise(resolve => {
    execFile(ansible, [...args, ...words], {env, cwd: join(folder, 'openwhisk/ansible'), maxBuffer: 1 << 24}, (error, stdout, stderr) => {
      const hosts = {};
      for (const [, host, ok, changed, unreachable, failed] of
        stdout.matchAll(/^(invoker\d)\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)/gm)) {
        hosts[host] = {ok: +ok, changed: +changed, failed: +unreachable + +failed};
      }
      resolve({code: error ? error.code : 0, hosts, said: stdout + stderr});
    });
  }).then(result => {
    for (const secret of SECRETS) assert.ok(!result.said.includes(secret), `it said ${secret}:\n${result.said}`);
    return result;
  });
}

async function plays(mode, ...words) {
  const result = await play(mode, ...words);
  assert.equal(result.code, 0, result.said);
  return result;
}

const ids = () => Promise.all(['invoker0', 'invoker1'].map(name => inspect(name, '.Id')));
const imageOf = async name => [await inspect(name, '.Image'), (await inspect(name, '.Config')).Image];
const log = name => readFileSync(join(folder, 'wsklogs', name, `${name}_logs.log`), 'utf8');
const data = name => join(folder, 'wskconf/larder', name);
const unchanged = {invoker0: 0, invoker1: 0};
const changes = result => Object.fromEntries(Object.entries(result.hosts).map(([host, {changed}]) => [host, changed]));

test('the stock image is deployed as OpenWhisk deploys it', async () => {
  await plays('stock');
  const [config, host] = [await inspect('invoker0', '.Config'), await inspect('invoker0', '.HostConfig')];
  assert.equal(config.Image, `${STOCK}:latest`);
  assert.deepEqual(config.Cmd,
      ['/bin/sh', '-c', 'exec /init.sh --id 0 --uniqueName 0 >> /logs/invoker0_logs.log 2>&1']);
  assert.equal(config.Hostname, 'invoker0');
  assert.equal(host.UsernsMode, 'host');
  assert.equal(host.PidMode, 'host');
  assert.equal(host.RestartPolicy.Name, 'always');
  assert.equal(host.PortBindings['8080/tcp'][0].HostPort, `${variables.test_port}`);
  assert.ok(host.Binds.includes(`${join(folder, 'runc')}:/run/runc`));
  assert.match(log('invoker1'), /started --id 1 --uniqueName 1/);
});

// A run that must fail; gives what it said.
async function fails(options) {
  const result = await play('deploy', '-e', JSON.stringify({larder_invoker: {...variables.larder_invoker, ...options}}));
  assert.notEqual(result.code, 0, result.said);
  return result.said;
}

test('an image that cannot be had, and settings that it does not take, are found before the present invoker is told anything',
    async () => {
      const before = await ids();
      assert.match(await fails({image: 'larder/nowhere'}), /larder\/nowhere is not on this host and cannot be fetched/);
      const said = await fails({settings: {nonsense: 1}});
      assert.match(said, /does not take these settings: [^\n]*unknown setting/);
      assert.deepEqual(await ids(), before);
      for (const name of ['invoker0', 'invoker1']) assert.doesNotMatch(log(name), /disabled|stopped/);
    });

// The stock invoker 0 is the same container as before, runs, and was started again `times` times.
async function isBack(before, times, said) {
  assert.match(said, /The invoker that was there before serves again/);
  assert.deepEqual(await ids(), before);
  assert.equal(await inspect('invoker0', '.State.Running'), true);
  assert.equal((await inspect('invoker0', '.HostConfig')).RestartPolicy.Name, 'always');
  assert.equal(await docker('ps', '-aq', '--filter', 'name=before'), '');
  const told = log('invoker0').match(/^(disabled|stopped|started|enabled)/gm);
  assert.deepEqual(told, ['started', ...Array(times).fill(['disabled', 'stopped', 'started', 'enabled']).flat()], said);
  assert.doesNotMatch(log('invoker1'), /disabled|stopped/, 'the next host is not touched');
}

test('an image whose start fails: the invoker that was there before is back and enabled, and the run says what was wrong', async () => {
  const before = await ids();
  await docker('build', '-q', '-t', 'larder/broken', '-f', join(here, 'broken.Dockerfile'), '--build-arg', `BASE=${IMAGE}`, here);
  const said = await fails({image: 'larder/broken', ping_seconds: 3});
  assert.match(said, /it is broken today/);
  await isBack(before, 1, said);
});

test('a container that Docker does not run: the same', async () => {
  const before = await ids();
  const said = await fails({security: ['seccomp=/nowhere']});
  assert.match(said, /docker run: [^\n]*\/nowhere/);
  await isBack(before, 2, said);
});

test('check mode says what would change, and changes nothing', async () => {
  const before = await ids();
  const result = await plays('deploy', '--check');
  assert.ok(result.hosts.invoker0.changed > 0 && result.hosts.invoker1.changed > 0, result.said);
  assert.match(result.said, /\+env CONFIG_larder_metrics_stockNames = true/);
  assert.match(result.said, /-env JMX_REMOTE = true/);
  assert.deepEqual(await ids(), before);
  assert.equal((await imageOf('invoker0'))[1], `${STOCK}:latest`);
});

test('the swap: the stock invoker is told, finishes and stops; Larder serves in its place', async () => {
  const result = await plays('deploy');
  assert.match(log('invoker0'), /started[^]*disabled[^]*stopped[^]*larder-invoker/);
  for (const name of ['invoker0', 'invoker1']) {
    assert.equal((await imageOf(name))[0], await inspect(IMAGE, '.Id'), result.said);
    assert.match(log(name), /takes activations/);
  }
  const environment = (await inspect('invoker0', '.Config')).Env;
  assert.ok(environment.includes('CONFIG_whisk_containerPool_userMemory=1024m'), 'the host\'s own');
  assert.ok((await inspect('invoker1', '.Config')).Env.includes('CONFIG_whisk_containerPool_userMemory=2048m'));
  assert.ok(environment.includes('CONFIG_whisk_containerFactory_containerArgs_dnsServers_1=127.0.0.2'));
  assert.ok(!environment.some(variable => variable.startsWith('JAVA_OPTS=') || /^[^=]*=$/.test(variable)));
});

test('a second run changes nothing, and touches nothing', async () => {
  const before = await ids();
  assert.deepEqual(changes(await plays('deploy')), unchanged);
  assert.deepEqual(await ids(), before);
});

test('a variable that changes is a reason to run it again, on the hosts that it concerns', async () => {
  const [first, second] = await ids();
  const changed = await plays('deploy', '-e', JSON.stringify({invoker_extraEnv: {CONFIG_logback_log_level: 'DEBUG', A_TOKEN: 'extra.pass.phrase'}}), '--limit', 'invoker1');
  assert.deepEqual(changes(changed), {invoker1: 1});
  assert.equal((await ids())[0], first);
  assert.notEqual((await ids())[1], second);
});

const running = name => inspect(name, '.State.Running').catch(() => false);
const storagedId = () => inspect('invoker1-storaged', '.Id');
const withVolumes = options => ['-e', JSON.stringify({larder_invoker: {...variables.larder_invoker, volumes: 'embedded', ...options}}), '--limit', 'invoker1'];

test('with volumes each invoker has a larder-storaged beside it, and is ready when that is', {skip: reasonWithoutStoraged()}, async () => {
  await plays('deploy', ...withVolumes());
  assert.equal(await running('invoker1-storaged'), true);
  assert.ok((await inspect('invoker1', '.Config')).Env.includes('CONFIG_larder_volumes=required'));
  assert.match(log('invoker1'), /larder-storaged is there/);
  assert.match(await docker('exec', 'invoker1-storaged', 'larder', 'volume', 'metrics'), /larder_storage_attempts_open 0/);
  const [first, storaged] = [await ids(), await storagedId()];
  assert.deepEqual(changes(await plays('deploy', ...withVolumes())), {invoker1: 0});
  assert.deepEqual([await ids(), await storagedId()], [first, storaged]);

  // The invoker is stopped for another larder-storaged; that one does not come, and both are as before.
  const failed = await play('deploy', ...withVolumes({storaged_settings: {'store.directory': '/proc/nowhere'}, ready_seconds: 3}));
  assert.notEqual(failed.code, 0);
  assert.match(failed.said, /The invoker that was there before serves again/);
  assert.deepEqual([await ids(), await storagedId()], [first, storaged]);
  assert.deepEqual([await running('invoker1'), await running('invoker1-storaged')], [true, true]);
  assert.equal(await docker('ps', '-aq', '--filter', 'name=before'), '');
});

test('a container that was stopped is started, not made again', async () => {
  const before = await ids();
  await docker('stop', 'invoker0');
  assert.deepEqual(changes(await plays('deploy', '--limit', 'invoker0')), {invoker0: 1});
  assert.deepEqual(await ids(), before);
});

test('a control plane with the new scheduler is refused before anything is touched', async () => {
  const before = await ids();
  const result = await play('deploy', '-e', 'scheduler_enable=true');
  assert.notEqual(result.code, 0);
  assert.match(result.said, /scheduler_enable: false/);
  assert.deepEqual(await ids(), before);
});

test('back to the stock image, and again without a change; what waits for the database stays on the node', async () => {
  writeFileSync(join(data('invoker1'), 'waiting'), 'a record');
  await plays('stock');
  assert.equal(readFileSync(join(data('invoker1'), 'waiting'), 'utf8'), 'a record');
  for (const name of ['invoker0', 'invoker1']) assert.equal((await imageOf(name))[1], `${STOCK}:latest`);
  assert.ok(!(await inspect('invoker0', '.Config')).Env.some(variable => variable.startsWith('CONFIG_larder_')));
  assert.equal(await running('invoker1-storaged'), false, 'it goes with Larder');
  assert.deepEqual(changes(await plays('stock')), unchanged);
});

test('mode=clean removes one invoker with its containers, and none of those whose numbers begin alike', async () => {
  for (const name of OTHERS) await docker('run', '-d', '--name', name, BASE, 'sleep', '600');
  await docker('pause', 'wsk11_1_guest_hello');
  await plays('clean', '--check', '--limit', 'invoker1');
  assert.equal((await docker('ps', '-q', '--filter', 'name=wsk')).split('\n').length, 3, 'check mode removes nothing');
  await plays('clean', '--limit', 'invoker1');
  assert.deepEqual((await docker('ps', '-a', '--format', '{{.Names}}', '--filter', 'name=wsk')).split('\n'), ['wsk1010_1_guest_hello']);
  assert.equal(await docker('ps', '-aq', '--filter', 'name=^/invoker1$'), '');
  assert.ok(!existsSync(join(folder, 'wsklogs/invoker1')) && !existsSync(join(folder, 'wskconf/invoker/invoker1')));
  assert.ok(!existsSync(data('invoker1')) && existsSync(data('invoker0')));
  assert.ok(existsSync(join(folder, 'wsklogs/invoker0')));
  assert.equal(await inspect('invoker0', '.State.Running'), true);
  assert.deepEqual(changes(await plays('clean', '--limit', 'invoker1')), {invoker1: 0});
});
