// The image of the invoker: what deployments rely on, and its life as OpenWhisk's Ansible role leads it.
import assert from 'node:assert/strict';
import {execFile, spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFileSync} from 'node:fs';
import {request} from 'node:https';
import {createServer} from 'node:net';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';

import {Invoker, manifest, service} from '../e2e/invoker.mjs';
import {eventually, remove, scratchFolder} from '../e2e/platform.mjs';
import {environment, runArguments} from './stock.mjs';

const run = promisify(execFile);
const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '../..');
const [daemon, kafka, couchdb] = ['docker', 'kafka', 'couchdb'].map(name => service(name));
const BASE = 'larder-base';
const IMAGE = 'larder/invoker';
const programs = process.env.LARDER_PROGRAMS;
const toDaemon = {env: {...process.env, DOCKER: '/usr/bin/docker', DOCKER_HOST: `unix://${daemon.address}`,
  DOCKER_BUILDKIT: '0', LARDER_PROGRAMS: programs, LARDER_PROXY: join(programs, 'larder-proxy')}, maxBuffer: 1 << 24};

// What Docker's client prints. Throws what it says when it fails.
const docker = async (...args) => (await run('/usr/bin/docker', args, toDaemon)).stdout.trim();
const inspect = async (name, format) => JSON.parse(await docker('inspect', '-f', `{{json ${format}}}`, name));
// The exit code, and all that was said.
const dockerFails = (...args) => run('/usr/bin/docker', args, toDaemon).then(
    () => assert.fail('it succeeded'), error => ({code: error.code, output: error.stdout + error.stderr}));

const folder = scratchFolder();
const keys = join(folder, 'keys');

const freePort = async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address();
  server.close();
  return port;
};

// As OpenWhisk's genssl.sh makes them: one key and certificate for server and clients, and both in a PKCS#12 file.
async function makeKeys() {
  await run('mkdir', [keys]);
  const [key, cert] = ['key.pem', 'cert.pem'].map(file => join(keys, file));
  await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=openwhisk-invokers',
    '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert]);
  await run('openssl', ['pkcs12', '-export', '-inkey', key, '-in', cert, '-passout', 'pass:openwhisk',
    '-out', join(keys, 'invoker-openwhisk-keystore.p12')]);
}

before(async () => {
  await run(join(root, 'docker/invoker/build.sh'), [IMAGE, BASE], toDaemon);
  for (const [runtime, name] of [['python', 'action-python-v3'], ['nodejs', 'action-nodejs-v20']]) {
    await run(join(root, 'docker/runtimes/build.sh'), [runtime, `larder/${name}`, BASE], toDaemon);
  }
  await makeKeys();
});
after(() => remove(folder));

// The invoker as the container that Ansible starts; simulations come from Invoker.
class Deployed extends Invoker {
  constructor() {
    super({kafka, couchdb});
    this.manifest = manifest(process.version.match(/^v(\d+)/)[1]);
  }

  async start() {
    this.port = await freePort();
    const variables = environment({kafka, couchdb, prefix: this.prefix, manifest: this.manifest});
    const data = join(daemon.folder, 'data');
    const plan = runArguments({index: 0, port: this.port, folder, dockerRoot: await docker('info', '-f', '{{.DockerRootDir}}'),
      runc: join(data, 'exec/runtime-runc/moby'), socket: daemon.address, image: IMAGE, environment: variables});
    this.name = plan.name;
    this.logFile = join(plan.logs, `${plan.name}_logs.log`);
    await run('cp', ['-r', `${keys}/.`, plan.conf]);
    await docker('run', '-d', ...plan.arguments);
    await this.relay();
    return this;
  }

  async relay() {
    const pid = await inspect(this.name, '.State.Pid');
    const ports = [kafka, couchdb].map(({address}) => address.split(':')[1]);
    this.relayed = spawn('/usr/bin/python3', [join(here, 'relay.py'), `${pid}`, ...ports],
        {stdio: ['ignore', 'pipe', 'inherit']});
    await once(this.relayed.stdout, 'data');
  }

  // The status of GET `path` from outside; 0 when the connection is refused or cut.
  status(path, {certificate = true} = {}) {
    const identity = certificate ? {key: readFileSync(join(keys, 'key.pem')), cert: readFileSync(join(keys, 'cert.pem'))} : {};
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

async function withDeployed(body) {
  const invoker = new Deployed();
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
  assert.ok(size - base < 40e6, `${size - base} bytes`);
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
    assert.equal(await invoker.status('/ready'), 200);

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
