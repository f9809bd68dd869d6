// What comes from outside and should not: messages that are none, a disk that is full, containers that die.
import assert from 'node:assert/strict';
import {execFile, execFileSync} from 'node:child_process';
import {mkdirSync, readFileSync, unlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {promisify} from 'node:util';

import {measureDeaths, runtimesOf} from './death.mjs';
import {ownService, service, withInvoker} from './invoker.mjs';
import {eventually, leftSince, remove, scratchFolder, traces} from './platform.mjs';

const TOPIC_TOOL = process.env.TOPIC_TOOL;
const kafka = service('kafka');
const couchdb = service('couchdb');
const earlier = traces();
const run = promisify(execFile);
after(() => assert.deepEqual(leftSince(earlier), []));

// An order of OpenWhisk's new scheduler: to start a container, or without `creationId` to end some.
const containerOrder = more => JSON.stringify({
  transid: ['sid_test', 1711533600123], invocationNamespace: 'guest', revision: '1-a', whiskActionMetaData: {
    namespace: 'guest', name: 'hello', version: '0.0.1', exec: {kind: 'python:3', binary: false}, annotations: [], parameters: [],
    limits: {timeout: 60000, memory: 128, logs: 10, concurrency: 1}, publish: false},
  action: {path: 'guest', name: 'hello', version: '0.0.1'}, ...more});

// A message of a controller with one member spoilt.
const spoilt = (member, value) => JSON.stringify({
  transid: ['id', 1711533600123], action: {path: 'guest', name: 'hello', version: '0.0.1'}, revision: null, user: {
    subject: 'guest', namespace: {name: 'guest', uuid: 'u'}, authkey: {api_key: 'u:k'}, rights: [], limits: {}},
  activationId: '0123456789abcdef0123456789abcdef', rootControllerIndex: {asString: '0', instanceType: 'controller'},
  blocking: true, content: {}, initArgs: [], lockedArgs: {}, [member]: value});

const NOT_ACTIVATIONS = [
  '', ' ', 'null', '[]', '42', '{}', '{"transid":', 'not json at all', '\0\0\0', Buffer.from([0xff, 0xfe, 0x80, 0xc0]),
  '['.repeat(100_000), '{"a":'.repeat(100_000), `{"a":${'['.repeat(900)}${']'.repeat(900)}}`,
  Buffer.alloc(1 << 20, 'garbage '), Buffer.alloc(1 << 20, 0xff), `"${'x'.repeat(1 << 19)}"`, '1'.repeat(1 << 19),
  containerOrder({creationId: 'a'.repeat(32), schedulerHost: '127.0.0.1', rpcPort: 13001, rootSchedulerIndex: {asString: '0'}}),
  containerOrder({}),
  spoilt('activationId', '../../etc/passwd'), spoilt('activationId', 7), spoilt('user', null), spoilt('action', 'hello'),
  spoilt('action', {path: 'guest'}), spoilt('blocking', 'yes'), spoilt('content', 'text'), spoilt('initArgs', undefined),
  spoilt('lockedArgs', null), spoilt('lockedArgs', {secret: 1}), spoilt('rootControllerIndex', {}), spoilt('revision', 3),
];

test('messages that are no activations are dropped, and those between them are all served', () =>
  withInvoker({kafka, couchdb}, async invoker => {
    const folder = scratchFolder();
    try {
      const files = NOT_ACTIVATIONS.map((bytes, number) => {
        const file = join(folder, `${number}`);
        writeFileSync(file, bytes);
        return file;
      });
      const simulation = invoker.beginSimulation('--action', 'echo', '--rate', '100', '--requests', '500', '--blocking', '50',
          '--memory', '128 MB');
      await simulation.heard(/invoker0 is up/);
      const rounds = 3;
      for (let round = 0; round < rounds; ++round) {
        await run(TOPIC_TOOL, ['put', kafka.address, `${invoker.prefix}invoker0`, ...files]);
      }
      const {code, failure} = await simulation.ended;
      assert.equal(code, 0, failure);
      assert.equal(await invoker.metric('larder_messages_unreadable_total'), rounds * NOT_ACTIVATIONS.length);
      assert.equal(invoker.log.match(/orders of OpenWhisk's new scheduler/g).length, 1, 'said once');
      const told = invoker.log.split('\n').filter(line => !line.includes('[marker:')).join('\n');
      assert.ok(told.length < 200_000, 'garbage is not copied to the log');
    } finally {
      remove(folder);
    }
  }));

test('a sandbox that dies is told at once', () =>
  withInvoker({kafka, couchdb}, invoker => measureDeaths('sandbox', invoker, () => runtimesOf(invoker))));

test('with the database away and the disk full it runs on, tells what is lost, and recovers', async () => {
  const folder = scratchFolder();
  const disk = join(folder, 'records');
  const own = await ownService('couchdb', join(folder, 'couchdb'));
  mkdirSync(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'larder-small-disk', disk]);
  const settings = {CONFIG_larder_records_folder: disk, CONFIG_larder_records_memory: '1m'};
  try {
    await withInvoker({kafka, couchdb: own, settings}, async invoker => {
      const simulation = invoker.beginSimulation('--action', 'log:200', '--rate', '60', '--requests', '700', '--memory', '128 MB',
          '--tolerate', 'record-missing', '--ack-within', '5s');
      await simulation.heard(/invoker0 is up/);
      await eventually('records are written', async () => await invoker.metric('larder_records_total{fate="written"}') > 50);
      await own.crash();
      await eventually('a record is lost', async () => await invoker.metric('larder_records_total{fate="lost"}') > 0);
      const atFull = await invoker.metric('larder_messages_committed_total');
      await eventually('activations are taken and acknowledged all the same', async () =>
        await invoker.metric('larder_messages_committed_total') > atFull + 50);
      await own.resume();
      const {code, report, failure} = await simulation.ended;
      assert.equal(code, 0, failure);
      const lost = await invoker.metric('larder_records_total{fate="lost"}');
      const missing = report.breaches.find(({kind}) => kind === 'record-missing')?.count ?? 0;
      assert.equal(missing, lost, 'what is counted as lost, and nothing else');
      assert.equal(invoker.log.match(/a record is lost: memory and disk are full/g).length, lost);
      const again = await invoker.simulate('--action', 'noop', '--requests', '100', '--outstanding', '4', '--memory', '128 MB',
          '--controller', 'second');
      assert.equal(again.code, 0, again.failure);
      assert.equal(await invoker.metric('larder_records_spill_bytes'), 0);
    });
  } finally {
    execFileSync('umount', [disk]);
    await own.stop();
    remove(folder);
  }
});

test('with the disk of its log full it serves on, and says so when there is room again', async () => {
  const folder = scratchFolder();
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'larder-small-disk', folder]);
  const logFile = join(folder, 'log');
  const filler = join(folder, 'filler');
  const log = () => readFileSync(logFile, 'utf8');
  try {
    await withInvoker({kafka, couchdb, logFile}, async invoker => {
      const load = ['--action', 'noop', '--requests', '20', '--outstanding', '4', '--memory', '128 MB'];
      const first = await invoker.simulate(...load);
      assert.equal(first.code, 0, first.failure);
      assert.throws(() => writeFileSync(filler, Buffer.alloc(1 << 20)), /ENOSPC/);
      const garbage = join(folder, '..', `${invoker.prefix}garbage`);
      writeFileSync(garbage, 'not json');
      const spoil = async times => {
        const before = await invoker.metric('larder_messages_unreadable_total');
        await run(TOPIC_TOOL, ['put', kafka.address, `${invoker.prefix}invoker0`, ...Array(times).fill(garbage)]);
        await eventually('they are dropped', async () =>
          await invoker.metric('larder_messages_unreadable_total') === before + times);
      };
      try {
        await spoil(200);  // a line for each: more than the last page of the log has room for
        const second = await invoker.simulate(...load, '--controller', 'second');
        assert.equal(second.code, 0, second.failure);
        assert.doesNotMatch(log(), /could not be written/);
        unlinkSync(filler);
        await spoil(1);
        await eventually('it is said', () =>
          /\n\([0-9]+ log lines could not be written: No space left on device\)\n\[/.test(log()));
        await spoil(1);
        assert.equal(log().match(/could not be written/g).length, 1, 'once');
      } finally {
        unlinkSync(garbage);
      }
    });
  } finally {
    execFileSync('umount', [folder]);
    remove(folder);
  }
});
