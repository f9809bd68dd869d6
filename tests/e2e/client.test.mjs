// The official JavaScript client against a real platform: actions of all kinds, with volumes.
import assert from 'node:assert/strict';
import {existsSync, readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {after, before, test} from 'node:test';

import {GUEST_KEY, Platform, remove, scratchFolder, skip, SYSTEM_KEY} from './platform.mjs';

if (!existsSync(process.env.OPENWHISK_CLIENT)) skip('the npm package openwhisk is not installed: ./dev setup');
const openwhisk = createRequire(import.meta.url)(process.env.OPENWHISK_CLIENT);
const shared = [{name: 'shared', path: '/mnt/shared', tier: 'durable', quota: '64 MB'}];
const volumes = {volumes: shared};

let platform, client, system;
const folder = scratchFolder();

before(async () => {
  platform = await Platform.start(folder);
  client = openwhisk({apihost: platform.url, api_key: GUEST_KEY});
  system = openwhisk({apihost: platform.url, api_key: SYSTEM_KEY});
});
after(async () => {
  const end = await platform?.stop();
  remove(folder);
  assert.deepEqual(end, {code: 0, signal: null});
});

const pythonCode = `
import os
def main(args):
    with open('/mnt/shared/' + args['file'], 'a') as f:
        f.write(args['text'])
    return {'seen': sorted(os.listdir('/mnt/shared'))}
`;
const nodeCode = `
const fs = require('fs');
exports.main = args => ({text: fs.readFileSync('/mnt/shared/' + args.file, 'utf8')});
`;

const run = (name, params) => client.actions.invoke({name, params, blocking: true});
const result = async (name, params) => (await run(name, params)).response.result;

test('functions in three languages share the files of a volume', async () => {
  await client.actions.create({name: 'writer', kind: 'python:default', action: pythonCode, annotations: volumes});
  await client.actions.create({name: 'reader', kind: 'nodejs:default', action: nodeCode, annotations: volumes});
  const native = readFileSync(process.env.NATIVE_ACTION);
  await client.actions.create({
    name: 'native',
    action: {
      exec: {kind: 'blackbox', image: 'openwhisk/dockerskeleton', code: native.toString('base64')},
      annotations: [{key: 'volumes', value: shared}],
    },
  });
  assert.deepEqual(await result('writer', {file: 'a.txt', text: 'häl'}), {seen: ['a.txt']});
  assert.deepEqual(await result('writer', {file: 'a.txt', text: 'lo'}), {seen: ['a.txt']});
  assert.deepEqual(await result('reader', {file: 'a.txt'}), {text: 'hällo'});
  assert.deepEqual(await result('native', {file: 'a.txt'}), {bytes: 6});
});

test('the record says what was mounted', async () => {
  const {annotations} = await run('writer', {file: 'b.txt', text: '12345'});
  const report = annotations.find(a => a.key === 'volumes').value;
  assert.equal(report.length, 1);
  assert.equal(report[0].name, 'shared');
  assert.equal(report[0].path, '/mnt/shared');
  assert.equal(report[0].tier, 'durable');
  assert.equal(report[0].commit, 'ok');
  assert.equal(report[0].durable.writtenBytes, 5);
});

test('a volume belongs to its namespace', async () => {
  await system.actions.create({name: 'writer', kind: 'python:default', action: pythonCode, annotations: volumes});
  const other = await system.actions.invoke({name: 'writer', params: {file: 'c.txt', text: 'x'}, blocking: true});
  assert.deepEqual(other.response.result, {seen: ['c.txt']});
  assert.ok(!(await result('writer', {file: 'a.txt', text: ''})).seen.includes('c.txt'));
});

test('a path is free again after the activation, for whoever comes next', async () => {
  const code = `
import os
held = None
def main(args):
    global held
    held = open('/mnt/shared/held', 'w')
    return {}
`;
  await client.actions.create({name: 'holder', kind: 'python:default', action: code, annotations: volumes});
  const first = await run('holder', {});
  const second = await run('holder', {});
  // A container that kept a file open is not used again: the second start is no warm one.
  const start = record => record.annotations.find(a => a.key === 'timing').value.start;
  assert.notEqual(start(first), 'warm');
  assert.notEqual(start(second), 'warm');
});

test('a rule gives a folder of a volume the other tier', async () => {
  const code = `
def main(args):
    open('/mnt/job/note', 'w').write('abc')
    open('/mnt/job/out/kept', 'a').write('abcdef')
    return {'kept': open('/mnt/job/out/kept').read()}
`;
  const job = {name: 'job', path: '/mnt/job', tier: 'ephemeral', rules: [{match: 'out/**', tier: 'durable'}]};
  await client.actions.create({name: 'ruled', kind: 'python:default', action: code, annotations: {volumes: job}});
  const first = await run('ruled', {});
  const [report] = first.annotations.find(a => a.key === 'volumes').value;
  assert.deepEqual([report.ephemeral.writtenBytes, report.durable.writtenBytes], [3, 6]);
  assert.deepEqual(await result('ruled', {}), {kept: 'abcdefabcdef'});
});

test('an overrun of the quota is the error that the kernel gives', async () => {
  const code = `
import os
def main(args):
    try:
        with open('/mnt/small/big', 'wb') as f:
            for _ in range(64):
                f.write(os.urandom(1 << 20))
                f.flush()
        return {'written': True}
    except OSError as e:
        return {'errno': e.errno}
`;
  await client.actions.create({
    name: 'filler', kind: 'python:default', action: code,
    annotations: {volumes: {name: 'small', path: '/mnt/small', tier: 'ephemeral', quota: '8 MB'}},
  });
  assert.deepEqual(await result('filler', {}), {errno: 122});  // EDQUOT
  assert.deepEqual(await result('filler', {}), {errno: 122});  // again: the first 8 MB are gone
});

for (const [annotation, words] of [
  [{volumes: {name: 'x', path: '/proc'}}, "annotation 'volumes'"],
  [{volumes: {name: 'x', path: '/../x'}}, "annotation 'volumes'"],
  [{volumes: [{name: 'x', path: '/mnt/x'}, {name: 'y', path: '/mnt/x'}]}, '/mnt/x'],
  [{volumes: {name: 'x', path: '/mnt/x', colour: 'red'}}, 'colour'],
  [{gpu: 1}, "annotation 'gpu'"],
]) {
  test(`a hint that cannot be kept is refused with a sentence: ${JSON.stringify(annotation)}`, async () => {
    await client.actions.update({name: 'hinted', kind: 'python:default', action: pythonCode, annotations: {volumes: null, gpu: null, ...annotation}});
    await assert.rejects(run('hinted', {}), error => {
      assert.equal(error.statusCode, 502);
      assert.equal(error.error.response.status, 'action developer error');
      assert.ok(error.error.response.result.error.includes(words), error.error.response.result.error);
      return true;
    });
  });
}

test('actions are listed, fetched and deleted', async () => {
  const names = (await client.actions.list({limit: 100})).map(a => a.name);
  for (const name of ['writer', 'reader', 'native']) assert.ok(names.includes(name), name);
  const reader = await client.actions.get({name: 'reader'});
  assert.match(reader.exec.kind, /^nodejs:\d+$/);
  assert.deepEqual(reader.annotations.find(a => a.key === 'volumes').value, shared);
  for (const name of names) await client.actions.delete({name});
  assert.deepEqual(await client.actions.list(), []);
  await assert.rejects(client.actions.get({name: 'reader'}), {statusCode: 404});
});

test('activations are listed, fetched, and their logs and results', async () => {
  await client.actions.create({name: 'talker', kind: 'nodejs:default', action: 'function main() { console.log("hi"); console.error("oh"); return {n: 1}; }'});
  const {activationId} = await run('talker', {});
  const listed = await client.activations.list({limit: 1});
  assert.equal(listed[0].activationId, activationId);
  const {logs} = await client.activations.logs({name: activationId});
  assert.equal(logs.length, 2);
  assert.match(logs[0], /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z +stdout: hi$/);
  assert.match(logs[1], /stderr: oh$/);
  assert.deepEqual((await client.activations.result({name: activationId})).result, {n: 1});
});
