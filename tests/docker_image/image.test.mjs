// The image of the invoker: what deployments rely on, and its life as OpenWhisk's Ansible role leads it.
import assert from 'node:assert/strict';
import {readFileSync, writeFileSync} from 'node:fs';
import {request} from 'node:https';
import {connect} from 'node:net';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {createServer} from 'node:tls';

import {Calls, noted} from '../e2e/calls.mjs';
import {Invoker, manifest, service} from '../e2e/invoker.mjs';
import {eventually, remove, scratchFolder} from '../e2e/platform.mjs';
import {reasonWithoutStoraged} from '../e2e/storaged.mjs';
import {BASE, buildImages, docker, dockerFails, freePort, IMAGE, inspect, makeAuthority, makeKeys, relay, run} from './daemon.mjs';
import {environment, mayMount, privileged, runArguments} from './stock.mjs';

const daemon = service('docker');
const [kafka, couchdb] = ['kafka', 'couchdb'].map(name => service(name));
const folder = scratchFolder();
const keys = join(folder, 'keys');
let pair;

before(async () => {
  await buildImages();
  pair = await makeKeys(keys);
});
after(() => remove(folder));

// The invoker as the container that Ansible starts; simulations come from Invoker.
class Deployed extends Invoker {
  // `more` of what runArguments() takes; `settings`: of the invoker, by their variables.
  constructor({settings = {}, ...more} = {}) {
    super({kafka, couchdb});
    Object.assign(this, {settings, more});
    this.manifest = manifest(process.version.match(/^v(\d+)/)[1]);
  }

  async start() {
    this.port = await freePort(3);
    const variables = {...environment({kafka, couchdb, prefix: this.prefix, manifest: this.manifest}), ...this.settings};
    const data = join(daemon.folder, 'data');
    const plan = runArguments({index: 0, port: this.port, folder, dockerRoot: await docker('info', '-f', '{{.DockerRootDir}}'),
      runc: join(data, 'exec/runtime-runc/moby'), socket: daemon.address, image: IMAGE, environment: variables, ...this.more});
    this.name = plan.name;
    this.logFile = join(plan.logs, `${plan.name}_logs.log`);
    await run('cp', ['-r', `${keys}/.`, plan.conf]);
    await docker('run', '-d', ...plan.arguments);
    this.relayed = await relay(await inspect(this.name, '.State.Pid'), kafka, couchdb);
    return this;
  }

  // The status of GET `path` from outside; 0 when the connection is refused or cut.
  status(path, {certificate = true} = {}) {
    const identity = certificate ? {key: readFileSync(pair.key), cert: readFileSync(pair.cert)} : {};
    return new Promise(resolve => {
      const asked = request({host: '127.0.0.1', port: this.port, path, rejectUnauthorized: false, agent: false, ...identity},
          answer => answer.resume().on('end', () => resolve(answer.statusCode)));
      asked.on('error', () => resolve(0)).end();
    });
  }

  // Removes the container; for whoever has stopped it before, or does not care.
  async remove() {
    this.relayed?.kill('SIGKILL');
    await docker('rm', '-f', this.name);
  }

  get log() {
    try {
      return readFileSync(this.logFile, 'utf8');
    } catch {
      return '';
    }
  }

  set log(_) {}
}

async function withDeployed(body, options) {
  const invoker = new Deployed(options);
  try {
    await invoker.start();
    await body(invoker);
  } finally {
    await invoker.remove();
  }
}

const actionContainers = () => docker('ps', '-aq', '--filter', 'name=wsk00_');

test('the image has what deployments of the stock image rely on', async () => {
  const config = await inspect(IMAGE, '.Config');
  assert.deepEqual(config.Cmd, ['./init.sh', '0']);
  assert.equal(config.Entrypoint, null);
  assert.equal(config.WorkingDir, '/');
  assert.equal(config.User, '');
  assert.deepEqual(config.ExposedPorts, {'8080/tcp': {}});
  assert.deepEqual(config.Healthcheck.Test, ['CMD', '/healthcheck.sh']);
  await docker('run', '--rm', IMAGE, '/bin/sh', '-c',
      'test -x /init.sh && test -x /bin/bash && test -d /logs && test "$(id -u owuser)" = 1001');
});

test('it adds little to what it is built on', async () => {
  const [size, base] = await Promise.all([inspect(IMAGE, '.Size'), inspect(BASE, '.Size')]);
  assert.ok(size - base < 65e6, `${size - base} bytes`);
});

test('each program in it finds the libraries that it needs', async () => {
  const printed = await docker('run', '--rm', IMAGE, '/bin/bash', '-c', 'for each in /larder/bin/*; do echo "$each"; ldd "$each" 2>&1; done');
  for (const name of ['larder-invoker', 'larder-sandbox', 'larder-proxy', 'larder-stem.so', 'larder-storaged', 'larder']) assert.ok(printed.includes(name), printed);
  assert.match(printed, /libcurl\.so\.4 => \/larder\/lib\//);
  assert.match(printed, /librados\.so\.2 => \/larder\/lib\//);
  assert.doesNotMatch(printed, /not found/);
});

// The program's own libraries as they are in the image, asking the database of the tests by TLS.
test('a database behind https is believed when an authority of the image vouches for it', async () => {
  const {authority, key, cert} = await makeAuthority(join(folder, 'authority'));
  const [, port] = couchdb.address.split(':');
  let questions = 0;
  const server = createServer({key: readFileSync(key), cert: readFileSync(cert)}, socket => {
    const behind = connect(Number(port), '127.0.0.1');
    socket.pipe(behind).pipe(socket);
    socket.once('data', () => ++questions);
    for (const end of [socket, behind]) end.on('error', () => [socket, behind].forEach(each => each.destroy()));
  }).on('tlsClientError', () => undefined);
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  const known = await docker('run', '--rm', IMAGE, 'cat', '/etc/ssl/certs/ca-certificates.crt');
  assert.ok(known.split('BEGIN CERTIFICATE').length > 100, 'the public authorities are in it');
  const bundle = join(folder, 'bundle.crt');
  writeFileSync(bundle, `${known}\n${readFileSync(authority, 'utf8')}`);
  const {environment: variables} = new Invoker({kafka, couchdb});
  Object.assign(variables, {CONFIG_whisk_couchdb_protocol: 'https', CONFIG_whisk_couchdb_port: `${server.address().port}`,
    PORT: '8080', CONFIG_larder_containers: 'docker', CONFIG_whisk_blacklist_pollInterval: '1 second'});
  delete variables.PATH;
  // What came of its first question: which namespaces it must not serve.
  const asked = async (...options) => {
    const name = 'larder-https';
    questions = 0;
    await docker('run', '-d', '--name', name, ...privileged(), ...options, ...Object.entries(variables).flatMap(([key, value]) => ['-e', `${key}=${value}`]),
        '-v', `${daemon.address}:/var/run/docker.sock`, IMAGE, '/init.sh', '--id', '7');
    const relayed = await relay(await inspect(name, '.State.Pid'), kafka, couchdb, {address: `127.0.0.1:${server.address().port}`});
    try {
      return await eventually('it has asked the database', async () =>
        questions > 0 ? 'answered' : (await docker('logs', name)).match(/.*\[NamespaceBlacklist\].* SSL .*/)?.[0], 60);
    } finally {
      relayed.kill('SIGKILL');
      await docker('rm', '-f', name);
    }
  };
  try {
    assert.match(await asked(), /peer certificate .* was not OK/, 'nobody vouches for this one');
    assert.equal(await asked('-v', `${bundle}:/etc/ssl/certs/ca-certificates.crt:ro`), 'answered');
  } finally {
    server.close();
  }
});

test('arguments reach the program through either shell', async () => {
  const words = '--uniqueName here --print-config';
  for (const shell of [['/bin/sh', '-c', `exec /init.sh ${words}`], ['/bin/bash', '-c', `/init.sh ${words}`]]) {
    const printed = await docker('run', '--rm', '-e', 'KAFKA_HOSTS=127.0.0.1:1', '-e', 'ZOOKEEPER_HOSTS=127.0.0.1:1',
        '-e', 'RUNTIMES_MANIFEST={"runtimes":{}}', '-e', 'WHISK_API_HOST_NAME=localhost', '-e',
        'CONFIG_whisk_couchdb_host=localhost', '-e', 'CONFIG_whisk_couchdb_databases_WhiskEntity=w', '-e',
        'CONFIG_whisk_couchdb_databases_WhiskActivation=a', '-e', 'CONFIG_whisk_couchdb_databases_WhiskAuth=s',
        IMAGE, ...shell);
    assert.match(printed, /--uniqueName = "here"/);
  }
});

test('without a number and a name, and with the words that do not exist, it ends with 1 and one line', async () => {
  for (const words of ['', '--nonsense', '--uniqueName here']) {
    const {code, output} = await dockerFails('run', '--rm', IMAGE, '/bin/bash', '-c', `/init.sh ${words}`);
    assert.equal(code, 1, output);
    assert.equal(output.trim().split('\n').filter(line => line.startsWith('larder-invoker: ')).length, 1, output);
  }
});

test('started as OpenWhisk\'s Ansible role starts it, it serves a controller, and SIGTERM loses nothing', () =>
  withDeployed(async invoker => {
    await eventually('a ping is answered', async () => await invoker.status('/ping') === 200);
    assert.equal(await invoker.status('/ping', {certificate: false}), 0, 'only clients with a certificate are answered');
    await docker('exec', invoker.name, '/healthcheck.sh');

    const served = await invoker.simulate('--action', 'echo', '--action', 'noop', '--action', 'log:5', '--requests', '40',
        '--outstanding', '4', '--memory', '128 MB', '--strict');
    assert.equal(served.code, 0, served.failure);
    assert.match(invoker.log, /\[INFO\] \[#tid_\w+\] \[Invoker\] .*\[marker:invoker_activationRun_finish:\d+:\d+\]/, 'METRICS_LOG asks for it');
    // Its first look at the database may have come before this test's relay to it; the next follows in 3 s.
    await eventually('all it needs is there', async () => await invoker.status('/ready') === 200);

    const simulation = invoker.beginSimulation('--action', 'sleep:300', '--requests', '0', '--duration', '4s',
        '--outstanding', '4', '--memory', '128 MB', '--tolerate', 'ping-gap');
    await simulation.heard(/invoker0 is up/);
    await eventually('activations run', async () => (await actionContainers()).split('\n').length >= 4);
    const began = Date.now();
    await docker('stop', '-t', '60', invoker.name);
    assert.ok(Date.now() - began < 55_000, 'within the grace of 60 s');
    assert.equal(await inspect(invoker.name, '.State.ExitCode'), 0);
    const drained = await simulation.ended;
    assert.equal(drained.code, 0, drained.failure);
    assert.equal(await actionContainers(), '', 'no container of an action is left');
  }));

// The same image with another command; both are what docker/README.md says.
test('with a larder-storaged in a container beside it, actions have volumes', {skip: reasonWithoutStoraged()}, async () => {
  const socketFolder = join(folder, 'run');
  await docker('run', '-d', '--name', 'larder-storaged', ...mayMount(), '--userns=host', '--pid=host', '-v', `${folder}/storaged:/var/lib/larder/storaged`,
      '-v', `${socketFolder}:/run/larder`, '-e', 'STORAGED_NODE=here', IMAGE, '/larder/bin/larder-storaged');
  try {
    await withDeployed(async invoker => {
      await eventually('both are ready', async () => await invoker.status('/ready') === 200, 30);
      const calls = await new Calls(invoker).begin();
      const code = 'import os\ndef main(args):\n    open("/mnt/v/n", "a").write("x")\n    return {"n": open("/mnt/v/n").read(), "own": os.access("/mnt/v", os.W_OK)}\n';
      await calls.put('note', code, {volumes: [{name: 'notes', path: '/mnt/v'}]});
      for (const n of ['x', 'xx']) {
        const record = await calls.run('note');
        assert.deepEqual(record.response.result, {n, own: true}, JSON.stringify(record));
        assert.equal(noted(record, 'volumes')[0].commit, 'ok');
      }
      assert.match(await docker('exec', 'larder-storaged', 'larder', 'volume', 'ls', 'alice/notes:'), /\bn\b/);
      await docker('stop', '-t', '60', invoker.name);
      assert.equal(await inspect(invoker.name, '.State.ExitCode'), 0);
      const began = Date.now();
      await docker('stop', '-t', '60', 'larder-storaged');
      assert.ok(Date.now() - began < 30_000);
      assert.equal(await inspect('larder-storaged', '.State.ExitCode'), 0);
    }, {rights: mayMount(), more: [`${socketFolder}:/run/larder`], settings: {CONFIG_larder_volumes: 'required'}});
  } finally {
    await docker('rm', '-f', 'larder-storaged');
  }
});

test('SIGTERM ends it also while it waits for the broker', async () => {
  const name = 'larder-waiting';
  await docker('run', '-d', '--name', name, '-e', 'KAFKA_HOSTS=127.0.0.1:1', '-e', 'RUNTIMES_MANIFEST={"runtimes":{}}', '-e',
      'WHISK_API_HOST_NAME=localhost', '-e', 'CONFIG_whisk_couchdb_host=127.0.0.1', '-e',
      'CONFIG_whisk_couchdb_databases_WhiskEntity=w', '-e', 'CONFIG_whisk_couchdb_databases_WhiskActivation=a', '-e',
      'CONFIG_whisk_couchdb_databases_WhiskAuth=s', IMAGE, '/bin/bash', '-c', '/init.sh --id 0');
  try {
    await eventually('it answers', () => docker('exec', name, '/healthcheck.sh').then(() => true, () => false));
    await docker('stop', '-t', '60', name);
    assert.notEqual(await inspect(name, '.State.ExitCode'), 137, 'it was not killed');
  } finally {
    await docker('rm', '-f', name);
  }
});
