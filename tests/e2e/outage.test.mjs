// A database or a broker that is away for long, hangs, or lets nobody in: what runs, what stops, and what /ready says.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {join} from 'node:path';
import {after, describe, test} from 'node:test';
import {promisify} from 'node:util';

import {watch} from './death.mjs';
import {ownService, service, withInvoker} from './invoker.mjs';
import {eventually, leftSince, passed, remove, scratchFolder, traces} from './platform.mjs';

const TOPIC_TOOL = process.env.TOPIC_TOOL;
const kafka = service('kafka');
const couchdb = service('couchdb');
const before = traces();
const run = promisify(execFile);
after(() => assert.deepEqual(leftSince(before), []));

// `body` with a service of its own, and a folder.
async function withOwn(name, body) {
  const folder = scratchFolder();
  const own = await ownService(name, join(folder, name));
  try {
    await body(own, folder);
  } finally {
    await own.stop();
    remove(folder);
  }
}

const activation = (id, name) => JSON.stringify({
  transid: ['id', Date.now()], action: {path: 'guest', name, version: '0.0.1'}, revision: null, user: {
    subject: 'guest', namespace: {name: 'guest', uuid: 'u'}, authkey: {api_key: 'u:k'}, rights: [], limits: {}},
  activationId: id, rootControllerIndex: {asString: 'stops'}, blocking: true, content: {}, initArgs: [], lockedArgs: {}});

// Most of the time of these tests is spent waiting, so they wait together.
describe('what is away', {concurrency: true}, () => {
  // The pause between two tries grows from 0.1 s to its greatest length, 5 s, in the first seven seconds, and records go
  // to disk from the first failure on: nothing of the design takes longer, and a minute is what is promised.
  test('the database is away for a minute: activations run on, and every record is there in the end', () =>
    withOwn('couchdb', own => withInvoker({kafka, couchdb: own}, async invoker => {
      const simulation = invoker.beginSimulation(
          '--action', 'noop', '--rate', '20', '--requests', '1500', '--memory', '128 MB', '--grace', '60s');
      await simulation.heard(/invoker0 is up/);
      await eventually('records are written', async () => await invoker.metric('larder_records_total{fate="written"}') > 20);
      await own.crash();
      await eventually('/ready says so', async () => (await invoker.check('database')).ok === false);
      const {since} = await invoker.check('database');
      await passed(60_000);
      const away = await invoker.check('database');
      assert.equal(away.since, since, 'it has been away all the time');
      assert.match(away.error, /Couldn't connect to server|could not connect/i);
      assert.ok(await invoker.metric('larder_records_spill_bytes') > 0, 'records wait on disk');
      assert.equal(await invoker.metric('larder_records_waiting'), 0, 'and not in memory');
      await own.resume();
      const {code, failure} = await simulation.ended;
      assert.equal(code, 0, failure);
      assert.equal(await invoker.metric('larder_records_total{fate="lost"}'), 0);
      await eventually('/ready says that it is back', async () => (await invoker.check('database')).ok === true);
    })));

  // A request may take 30 s: one of them runs into that, and its records are written again by the next.
  test('the database hangs for longer than a request may take: no record is lost or doubled', () =>
    withOwn('couchdb', own => withInvoker({kafka, couchdb: own}, async invoker => {
      const simulation = invoker.beginSimulation(
          '--action', 'noop', '--rate', '20', '--requests', '900', '--memory', '128 MB', '--grace', '60s');
      await simulation.heard(/invoker0 is up/);
      await eventually('records are written', async () => await invoker.metric('larder_records_total{fate="written"}') > 20);
      own.freeze();
      await eventually('/ready says so', async () => /Timeout/.test((await invoker.check('database')).error ?? ''), 20);
      await passed(32_000);
      assert.match(invoker.log, /records wait on disk until the database takes them: .*Timeout/);
      own.thaw();
      const {code, failure} = await simulation.ended;
      assert.equal(code, 0, failure);
    })));

  test('SIGTERM while the database hangs: it ends soon after its deadline, and what was taken is acknowledged', () =>
    withOwn('couchdb', (own, folder) => withInvoker(
        {kafka, couchdb: own, settings: {CONFIG_larder_stopPatience: '2 s'}}, async invoker => {
          await invoker.simulate('--requests', '1', '--memory', '128 MB', '--controller', 'stops');
          const acks = await watch(kafka.address, `${invoker.prefix}completedstops`);
          try {
            own.freeze();
            const id = '0123456789abcdef0123456789abcdef';
            const file = join(folder, 'message');
            writeFileSync(file, activation(id, 'nobody'));
            await run(TOPIC_TOOL, ['put', kafka.address, `${invoker.prefix}invoker0`, file]);
            await eventually('it is taken', async () => await invoker.metric('larder_messages{state="begun"}') === 1);
            const asked = Date.now();
            assert.deepEqual(await invoker.stop(), {code: 0, signal: null});
            // Without a bound it would be the 30 s that a request may take, after those of the stop.
            assert.ok(Date.now() - asked < 20_000, `it took ${Date.now() - asked} ms`);
            for (let ack = await acks.next(); !ack.text.includes(id); ack = await acks.next());
          } finally {
            acks.end();
          }
        })));

  test('/ready tells a wrong password, a missing database and nobody there apart, without a call', async () => {
    const faults = [
      [{CONFIG_whisk_couchdb_password: 'wrong'}, /password given do not open the database whisk_local_whisks.*401/],
      [{CONFIG_whisk_couchdb_databases_WhiskActivation: 'nowhere'}, /no database is called nowhere.*404/],
      [{CONFIG_whisk_couchdb_port: '1'}, /connect/i],
    ];
    for (const [settings, error] of faults) {
      await withInvoker({kafka, couchdb, settings}, async invoker => {
        await eventually('the check fails', async () => error.test((await invoker.check('database')).error));
        const {ok, since} = await invoker.check('database');
        assert.equal(ok, false);
        assert.ok(Date.now() - Date.parse(since) < 60_000, since);
        assert.equal((await invoker.get('/ready')).status, 503);
        await eventually('the metric too', async () => await invoker.metric('larder_database_up') === 0);
      });
    }
    await withInvoker({kafka, couchdb}, invoker =>
      eventually('all is well', async () => (await invoker.get('/ready')).status === 200));
  });

  test('however often /ready is asked, the database is asked once in a while', async () => {
    const asked = [];
    const database = createServer((request, answer) => {
      if (/^\/whisk_local_[a-z]+\/$/.test(request.url)) asked.push(request.url);
      answer.end('{"rows":[]}');
    });
    await new Promise(resolve => database.listen(0, '127.0.0.1', resolve));
    const played = {address: `127.0.0.1:${database.address().port}`, credentials: 'a:b'};
    try {
      await withInvoker({kafka, couchdb: played}, async invoker => {
        await eventually('it is well', async () => (await invoker.check('database')).ok);
        assert.equal(asked.length, 3, 'each database once');
        const began = Date.now();
        for (let i = 0; i < 200; ++i) await invoker.check('database');
        const rounds = Math.floor((Date.now() - began) / 3000) + 1;
        assert.ok(asked.length <= 3 + rounds, `${asked.length} requests in ${rounds} rounds`);
      });
    } finally {
      database.closeAllConnections();
      database.close();
    }
  });

  test('the endpoints answer at once while the broker hangs', () =>
    withOwn('kafka', own => withInvoker({kafka: own, couchdb, settings: {
      METRICS_KAMON: 'true', METRICS_KAMON_TAGS: 'true', CONFIG_whisk_metrics_prometheusEnabled: 'true',
    }}, async invoker => {
      await invoker.simulate('--requests', '1', '--memory', '128 MB');
      await eventually('the lag is known', async () => await invoker.metric('larder_topic_lag') === 0);
      const stock = await (await invoker.get('/metrics')).text();
      assert.match(stock, /^counter_invoker_containerStart_counter_total\{containerState="cold"\} [1-9]/m);
      own.freeze();
      const times = [];
      for (let i = 0; i < 30; ++i) {
        const began = Date.now();
        assert.equal(await (await invoker.get('/ping')).text(), 'pong');
        await (await invoker.get('/metrics')).text();
        times.push(Date.now() - began);
        await passed(100);
      }
      assert.ok(Math.max(...times) < 1_000, `${times}`);
      await eventually('the lag is not known', async () => Number.isNaN(await invoker.metric('larder_topic_lag')), 20);
      own.thaw();
      const {code, failure} = await invoker.simulate('--requests', '3', '--memory', '128 MB', '--controller', 'second');
      assert.equal(code, 0, failure);
    })));
});
