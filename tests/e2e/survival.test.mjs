// What is left when the platform ends: everything that was answered, and nothing that it made.
import assert from 'node:assert/strict';
import {test} from 'node:test';

import {eventually, leftSince, Platform, remove, scratchFolder, traces} from './platform.mjs';

const action = code => ({exec: {kind: 'nodejs:default', code}});
const path = name => `/api/v1/namespaces/_/actions/${name}`;
const invoke = (platform, name, body = {}) => platform.call('POST', `${path(name)}?blocking=true`, {body});

test('what was answered survives kill -9, and nothing else is left behind', async () => {
  const folder = scratchFolder();
  const before = traces();
  let platform = await Platform.start(folder);
  try {
    const counter = `const fs = require('fs');
      exports.main = ({n}) => { fs.appendFileSync('/mnt/d/log', n + '\\n'); return {n}; }`;
    const created = await platform.call('PUT', path('counter'), {
      body: {...action(counter), annotations: [{key: 'volumes', value: {name: 'd', path: '/mnt/d'}}]},
    });
    assert.equal(created.status, 200);
    const ids = [];
    for (let n = 0; n < 20; n++) {
      const answer = await invoke(platform, 'counter', {n});
      assert.equal(answer.status, 200, answer.text);
      ids.push(answer.json.activationId);
    }
    const end = await platform.stop('SIGKILL');
    assert.equal(end.signal, 'SIGKILL');
    await eventually('every process of the platform is gone', () => leftSince(before).filter(name => name.startsWith('process')).length === 0);

    platform = await Platform.start(folder);
    assert.equal((await platform.call('GET', path('counter'))).status, 200);
    for (const id of ids) {
      const record = await platform.call('GET', `/api/v1/namespaces/_/activations/${id}`);
      assert.equal(record.status, 200, `activation ${id} is lost`);
    }
    const reader = `exports.main = () => ({text: require('fs').readFileSync('/mnt/d/log', 'utf8')})`;
    await platform.call('PUT', path('reader'), {
      body: {...action(reader), annotations: [{key: 'volumes', value: {name: 'd', path: '/mnt/d'}}]},
    });
    const read = await invoke(platform, 'reader');
    assert.equal(read.json.response.result.text, [...Array(20).keys()].map(n => `${n}\n`).join(''));
  } finally {
    await platform.stop();
    remove(folder);
  }
  assert.deepEqual(leftSince(before), []);
});

test('what was accepted has a record after kill -9, finished or not', async () => {
  const folder = scratchFolder();
  let platform = await Platform.start(folder);
  try {
    await platform.call('PUT', path('quick'), {body: action('exports.main = () => ({done: true})')});
    await platform.call('PUT', path('slow'), {body: action('exports.main = () => new Promise(() => {})')});
    const accepted = [];
    for (let n = 0; n < 30; n++) {
      const answer = await platform.call('POST', path(n % 3 ? 'quick' : 'slow'), {body: {}});
      assert.equal(answer.status, 202, answer.text);
      accepted.push(answer.json.activationId);
    }
    await platform.stop('SIGKILL');
    platform = await Platform.start(folder);
    const results = await Promise.all(accepted.map(async id => {
      const record = await platform.call('GET', `/api/v1/namespaces/_/activations/${id}`);
      assert.equal(record.status, 200, `activation ${id} is lost`);
      return record.json.response;
    }));
    results.forEach((response, n) => {
      if (response.success) assert.ok(n % 3, 'an action without end succeeded');
      else assert.match(response.result.error, /^The platform ended before the activation did/);
    });
  } finally {
    await platform.stop();
    remove(folder);
  }
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  test(`${signal} in the middle of everything ends cleanly`, async () => {
    const folder = scratchFolder();
    const before = traces();
    const platform = await Platform.start(folder, 'stop-patience=200ms');
    await platform.call('PUT', path('sleeper'), {
      body: action('exports.main = () => new Promise(() => {})'),
    });
    const waiting = [1, 2, 3].map(() => invoke(platform, 'sleeper').catch(() => ({status: 0})));
    await eventually('three sandboxes run', async () => {
      const metrics = await platform.call('GET', '/metrics');
      return /larder_containers\{state="busy"\} 3/.test(metrics.text);
    });
    const end = await platform.stop(signal);
    assert.deepEqual(end, {code: 0, signal: null});
    for (const answer of await Promise.all(waiting)) assert.notEqual(answer.status, 200);
    remove(folder);
    assert.deepEqual(leftSince(before), []);
  });
}

test('two platforms cannot share a data directory, and the second leaves it as it is', async () => {
  const folder = scratchFolder();
  const platform = await Platform.start(folder);
  try {
    await platform.call('PUT', path('slow'), {
      body: action('exports.main = () => new Promise(done => setTimeout(() => done({ok: 1}), 1500))'),
    });
    const accepted = await platform.call('POST', path('slow'), {body: {}});
    assert.equal(accepted.status, 202);
    for (const options of [[], ['--clean']]) {
      await assert.rejects(Platform.startWith(options, folder),
          /cannot start: another platform uses the data directory/);
    }
    const record = await eventually('the activation has its own record', async () => {
      const answer = await platform.call('GET', `/api/v1/namespaces/_/activations/${accepted.json.activationId}`);
      return answer.status === 200 && answer.json;
    });
    assert.deepEqual(record.response.result, {ok: 1});
  } finally {
    await platform.stop();
    remove(folder);
  }
});
