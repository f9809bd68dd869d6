// An invoker that has only a name: ZooKeeper gives its number, whenever it comes.
import assert from 'node:assert/strict';
import {join} from 'node:path';
import {after, test} from 'node:test';

import {ownService, service, withInvoker} from './invoker.mjs';
import {eventually, leftSince, remove, scratchFolder, traces} from './platform.mjs';

const kafka = service('kafka');
const couchdb = service('couchdb');
const folder = scratchFolder();
const zookeeper = await ownService('zookeeper', join(folder, 'zookeeper'));
const before = traces();
const credentials = {authorization: 'Basic ' + Buffer.from('invoker.user:invoker.pass').toString('base64')};
const named = {kafka, couchdb, id: null, settings: {ZOOKEEPER_HOSTS: zookeeper.address}};

after(async () => {
  await zookeeper.stop();
  remove(folder);
  assert.deepEqual(leftSince(before), []);
});

test('while ZooKeeper is away it is alive, says what it waits for, and can be stopped', async () => {
  await zookeeper.crash();
  try {
    await withInvoker(named, async invoker => {
      assert.equal(await (await invoker.get('/ping')).text(), 'pong');
      assert.equal(await (await invoker.get('/isEnabled', {headers: credentials})).text(), '{"enabled":false}');
      await eventually('/ready says it', async () => /did not answer/.test((await invoker.check('zookeeper')).error));
      assert.equal((await invoker.get('/ready')).status, 503);
      await eventually('the log says it', () => /waiting for zookeeper: ZooKeeper at .* did not answer/.test(invoker.log));
      assert.equal((await invoker.stop()).code, 1);
      assert.match(invoker.log, /cannot start: stopped while waiting/);
    });
  } finally {
    await zookeeper.resume();
  }
});

test('it gets its number when ZooKeeper is there, serves, and keeps it', async () => {
  await zookeeper.crash();
  let resumed;
  await withInvoker(named, async invoker => {
    await eventually('it waits', async () => (await invoker.check('zookeeper')).error.includes('did not answer'));
    const ask = path => invoker.get(path, {method: 'POST', headers: credentials}).then(answer => answer.text());
    assert.match(await ask('/disable'), /is now disabled/);
    resumed = zookeeper.resume();
    await eventually('it serves', async () => (await invoker.get('/ready')).status === 200);
    assert.equal(await (await invoker.get('/isEnabled', {headers: credentials})).text(), '{"enabled":false}');
    assert.match(await ask('/enable'), /is now enabled/);
    const {code, failure} = await invoker.simulate('--requests', '5', '--memory', '128 MB');
    assert.equal(code, 0, failure);
    assert.match(invoker.log, /ZooKeeper gave id 0 to/);
    assert.equal((await invoker.check('zookeeper')).ok, true);
    const answer = await invoker.get('/enable', {method: 'POST', headers: credentials});
    assert.equal(await answer.text(), `invoker0/${invoker.prefix} is already enabled.`);
    const again = await withSameName(invoker);
    assert.match(again, /ZooKeeper gave id 0 to/);
  });
  await resumed;
});

// The log of another invoker of that name, once the first has ended.
async function withSameName(invoker) {
  assert.equal((await invoker.stop()).code, 0);
  await invoker.start();
  await eventually('it serves', async () => (await invoker.get('/ready')).status === 200);
  return invoker.log;
}

test('another name gets another number', () => withInvoker(named, async invoker => {
  await eventually('it has one', () => /ZooKeeper gave id 1 to/.test(invoker.log));
  await eventually('it serves', async () => (await invoker.get('/ready')).status === 200);
}));
