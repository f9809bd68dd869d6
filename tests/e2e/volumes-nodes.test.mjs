// Two nodes of a cluster, each with an invoker and a larder-storaged of its own, and one Ceph for both.
import assert from 'node:assert/strict';
import {join} from 'node:path';
import {after, before, test} from 'node:test';

import {Calls, noted} from './calls.mjs';
import {Invoker, ownService, service} from './invoker.mjs';
import {remove, scratchFolder} from './platform.mjs';
import {Storaged} from './storaged.mjs';

const kafka = service('kafka');
const couchdb = service('couchdb');
const folder = scratchFolder();
const nodes = [];
let ceph, calls;

before(async () => {
  Object.assign(process.env, {CEPH_STORE: 'memstore', CEPH_MGR: 'no'});
  ceph = await ownService('ceph', join(folder, 'ceph'));
  for (const number of [0, 1]) {
    const storaged = await new Storaged(`node${number}`, 'store=ceph', `ceph.conf=${folder}/ceph/data/larder.conf`, 'ceph.user=larder').start();
    const invoker = new Invoker({kafka, couchdb, id: `${number}`, prefix: nodes[0]?.invoker.prefix, settings: {
      CONFIG_larder_dataFolder: join(folder, `data${number}`), CONFIG_larder_storaged_socket: storaged.socket, CONFIG_larder_volumes: 'required'}});
    nodes.push({storaged, invoker});
    await invoker.start();
  }
  calls = await new Calls(nodes[0].invoker).begin();
});
after(async () => {
  for (const {invoker, storaged} of nodes) {
    await invoker.stop();
    await storaged.remove();
  }
  await ceph?.stop();
  remove(folder);
});

const CODE = `
import os
def main(args):
    for path, text in args.get('write', {}).items():
        with open(path, 'w') as f: f.write(text)
    if 'count' in args:
        path = args['count']
        number = int(open(path).read()) if os.path.exists(path) else 0
        with open(path, 'w') as f: f.write(str(number + 1))
    return {path: open(path).read() for path in args.get('read', [])}
`;
const on = number => ({to: number});

test('what one node has published, and what it holds, the other one reads', async () => {
  await calls.put('share', CODE, {volumes: [{name: 'safe', path: '/mnt/v'}, {name: 'fast', path: '/mnt/job', tier: 'ephemeral', lifetime: 'volume'}]});
  const written = await calls.run('share', {write: {'/mnt/v/a': 'in Ceph', '/mnt/job/b': 'on the node'}}, on(0));
  assert.equal(written.response.statusCode, 0, JSON.stringify(written));
  const read = await calls.run('share', {read: ['/mnt/v/a', '/mnt/job/b']}, on(1));
  assert.deepEqual(read.response.result, {'/mnt/v/a': 'in Ceph', '/mnt/job/b': 'on the node'}, JSON.stringify(read));
  assert.equal(noted(read, 'volumes')[1].ephemeral.readRemoteBytes, 11, JSON.stringify(noted(read, 'volumes')));
  const changed = await calls.run('share', {write: {'/mnt/v/a': 'changed'}}, on(1));
  assert.equal(noted(changed, 'volumes')[0].commit, 'ok');
  assert.equal((await calls.run('share', {read: ['/mnt/v/a']}, on(0))).response.result['/mnt/v/a'], 'changed');
});

test('of two nodes that change the same file one is first, and the other runs its action again', async () => {
  const EACH = 5;
  await calls.put('count', CODE, {volumes: [{name: 'counter', path: '/mnt/v', retry: 10}]});
  await calls.run('count', {write: {'/mnt/v/n': '0'}}, on(0));
  const ended = await Promise.all(Array.from({length: 2 * EACH}, (_, i) => calls.run('count', {count: '/mnt/v/n'}, on(i % 2))));
  for (const record of ended) assert.equal(record.response.statusCode, 0, JSON.stringify(record));
  const {response} = await calls.run('count', {read: ['/mnt/v/n']}, on(1));
  assert.equal(response.result['/mnt/v/n'], `${2 * EACH}`);
});
