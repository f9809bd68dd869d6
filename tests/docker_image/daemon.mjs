// The daemon, the images and the keys of these tests.
import {execFile, spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdirSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';

import {service} from '../e2e/invoker.mjs';

export const run = promisify(execFile);
export const root = fileURLToPath(new URL('../..', import.meta.url));
export const BASE = 'larder-base';
export const IMAGE = 'larder/invoker';
const programs = process.env.LARDER_PROGRAMS;

// The environment of whatever is to talk to the daemon. Debian's client comes first: another, newer one may be there.
export const toDaemon = {
  ...process.env,
  PATH: `/usr/bin:${process.env.PATH}`,
  DOCKER_HOST: `unix://${service('docker').address}`,
  DOCKER_BUILDKIT: '0',
  LARDER_PROGRAMS: programs,
  LARDER_PROXY: join(programs, 'larder-proxy'),
};
const options = {env: toDaemon, maxBuffer: 1 << 24};

// What Docker's client prints. Throws what it says when it fails.
export const docker = async (...args) => (await run('docker', args, options)).stdout.trim();
export const inspect = async (name, format) => JSON.parse(await docker('inspect', '-f', `{{json ${format}}}`, name));

// The exit code, and all that was said.
export async function dockerFails(...args) {
  try {
    await run('docker', args, options);
  } catch (error) {
    return {code: error.code, output: error.stdout + error.stderr};
  }
  throw new Error(`docker ${args.join(' ')} succeeded`);
}

// The image of the invoker, and those of the runtimes.
export async function buildImages() {
  await run(join(root, 'docker/invoker/build.sh'), [IMAGE, BASE], options);
  for (const [runtime, name] of [['python', 'action-python-v3'], ['nodejs', 'action-nodejs-v20']]) {
    await run(join(root, 'docker/runtimes/build.sh'), [runtime, `larder/${name}`, BASE], options);
  }
}

// As OpenWhisk makes them: one key and certificate for server and clients, and both in a PKCS#12 file.
export async function makeKeys(folder, password = 'openwhisk') {
  mkdirSync(folder, {recursive: true});
  const [key, cert, store] = ['server-key.pem', 'server-cert.pem', 'keystore.p12'].map(
      name => join(folder, `invoker-openwhisk-${name}`));
  await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=openwhisk-invokers',
    '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert]);
  await run('openssl', ['pkcs12', '-export', '-inkey', key, '-in', cert, '-passout', `pass:${password}`, '-out', store]);
  return {key, cert};
}

// An authority, and the key and certificate of 127.0.0.1 that it vouches for.
export async function makeAuthority(folder) {
  mkdirSync(folder, {recursive: true});
  const [authority, authorityKey, cert, key, asked, terms] =
      ['ca.pem', 'ca-key.pem', 'cert.pem', 'key.pem', 'request.pem', 'terms'].map(name => join(folder, name));
  writeFileSync(terms, 'subjectAltName=IP:127.0.0.1\n');
  await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=an authority of the tests',
    '-keyout', authorityKey, '-out', authority]);
  await run('openssl', ['req', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=database', '-keyout', key, '-out', asked]);
  await run('openssl', ['x509', '-req', '-in', asked, '-CA', authority, '-CAkey', authorityKey, '-set_serial', '1', '-days', '2',
    '-extfile', terms, '-out', cert]);
  return {authority, key, cert};
}

// Makes the services reachable on the loopback of the container of process `pid`.
export async function relay(pid, ...services) {
  const ports = services.map(({address}) => address.split(':')[1]);
  const script = fileURLToPath(new URL('relay.py', import.meta.url));
  const relayed = spawn('/usr/bin/python3', [script, `${pid}`, ...ports], {stdio: ['ignore', 'pipe', 'inherit']});
  const ended = once(relayed, 'exit').then(() => { throw new Error(`process ${pid} cannot be relayed to`); });
  await Promise.race([once(relayed.stdout, 'data'), ended]);
  ended.catch(() => undefined);  // later on it is killed
  return relayed;
}

// The first of `count` ports in a row that are free now, below those that the kernel gives to whoever asks for any.
export async function freePort(count = 1) {
  for (;;) {
    const servers = [];
    try {
      const port = 20_000 + Math.floor(Math.random() * 12_000);
      for (let i = 0; i < count; ++i) {
        const server = createServer().listen(port + i, '127.0.0.1');
        servers.push(server);
        await once(server, 'listening');
      }
      return port;
    } catch {
      // Somebody has one of them: elsewhere, then.
    } finally {
      servers.forEach(server => server.close());
    }
  }
}
