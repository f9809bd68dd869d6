// Actions that misbehave, and input that makes no sense: the right outcome each, and nothing left.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';

import {eventually, leftSince, Platform, remove, scratchFolder, traces} from './platform.mjs';

const folder = scratchFolder();
const path = name => `/api/v1/namespaces/_/actions/${name}`;
let platform, clean;

before(async () => {
  clean = traces();
  platform = await Platform.start(folder);
});
after(async () => {
  await platform?.stop();
  remove(folder);
  assert.deepEqual(leftSince(clean), []);
});

async function runPython(code, {limits = {timeout: 5000}, body = {}, name = 'abuse'} = {}) {
  const put = await platform.call('PUT', `${path(name)}?overwrite=true`,
                                  {body: {exec: {kind: 'python:default', code}, limits}});
  assert.equal(put.status, 200, put.text);
  const answer = await platform.call('POST', `${path(name)}?blocking=true`, {body});
  return {status: answer.status, response: answer.json.response, id: answer.json.activationId};
}

const developerErrors = {
  'a crash': ['import os\ndef main(a): os.kill(os.getpid(), 11)',
              'The action did not produce a valid response and exited unexpectedly.'],
  'an exit': ['import os\ndef main(a): os._exit(3)',
              'The action did not produce a valid response and exited unexpectedly.'],
  'a hang': ['import time\ndef main(a): time.sleep(1000)', 'The action exceeded its time limits of 500 milliseconds.',
             {timeout: 500}],
  'a hang in init': ['import time\ntime.sleep(1000)',
                     'The action exceeded its time limits of 500 milliseconds during initialization.', {timeout: 500}],
  'too much memory': ['def main(a):\n x = []\n while True: x.append(bytearray(1 << 20))',
                      'The action exhausted its memory and was aborted.', {timeout: 20000, memory: 128}],
};
for (const [what, [code, text, limits]] of Object.entries(developerErrors)) {
  test(`${what} is a developer error with the right sentence`, async () => {
    const {status, response} = await runPython(code, {limits});
    assert.equal(status, 502);
    assert.deepEqual([response.status, response.result.error], ['action developer error', text]);
  });
}

test('a fork bomb ends at the limit of processes and takes nothing with it', async () => {
  const {status, response} = await runPython(
      'import os, time\ndef main(a):\n n = 0\n try:\n  while True:\n   if os.fork() == 0: time.sleep(1000)\n   n += 1\n except OSError as e:\n  return {"forks": n, "errno": e.errno}',
      {limits: {timeout: 20000, memory: 512}});
  assert.equal(status, 200, JSON.stringify(response));
  assert.equal(response.result.errno, 11);
  assert.equal((await runPython('def main(a): return {"ok": 1}')).status, 200);
});

test('what one action takes of the kernel is not missing for the next', async () => {
  const greedy = 'import ctypes\nlibc = ctypes.CDLL(None)\nkept = []\ndef main(a):\n' +
      ' while (fd := libc.inotify_init1(0)) >= 0: kept.append(fd)\n return {"n": len(kept)}';
  const first = await runPython(greedy, {name: 'greedy'});
  assert.ok(first.response.result.n > 0, JSON.stringify(first));
  const second = await runPython(greedy, {name: 'neighbour'});
  assert.deepEqual(second.response.result, first.response.result);
});

test('a volume belongs to whichever sandbox it is mounted in', async () => {
  const code = 'import os\ndef main(a):\n os.close(os.open("/data/" + a["me"], os.O_CREAT | os.O_WRONLY, 0o6700))\n' +
      ' return {"owners": [[n, s.st_uid, s.st_gid, oct(s.st_mode & 0o700)] for n in sorted(os.listdir("/data"))\n' +
      '   for s in [os.stat("/data/" + n)]], "open": [open("/data/" + n, "a").close() for n in os.listdir("/data")]}';
  const answers = [];
  for (const name of ['left', 'right']) {
    const put = await platform.call('PUT', path(name), {
      body: {
        exec: {kind: 'python:default', code},
        annotations: [{key: 'volumes', value: {name: 'common', path: '/data'}}],
      },
    });
    assert.equal(put.status, 200, put.text);
    answers.push(await platform.call('POST', `${path(name)}?blocking=true`, {body: {me: name}}));
  }
  const owned = name => [name, 1000, 1000, '0o700'];
  assert.deepEqual(answers[0].json.response.result, {owners: [owned('left')], open: [null]});
  assert.deepEqual(answers[1].json.response.result, {owners: [owned('left'), owned('right')], open: [null, null]});
});

test('filling the disk ends with ENOSPC inside the sandbox', async () => {
  const {status, response} = await runPython(
      'def main(a):\n try:\n  f = open("/tmp/x", "wb")\n  while True: f.write(bytes(1 << 20)); f.flush()\n except OSError as e:\n  return {"errno": e.errno}',
      {limits: {timeout: 20000, memory: 512}});
  assert.equal(status, 200, JSON.stringify(response));
  assert.equal(response.result.errno, 28);
});

test('a flood of output is cut at the limit and says so', async () => {
  const {id} = await runPython('def main(a):\n for i in range(200000): print("x" * 100)\n return {}',
                               {limits: {timeout: 30000, logs: 1}});
  const logs = await eventually('the record is there', async () => {
    const answer = await platform.call('GET', `/api/v1/namespaces/_/activations/${id}/logs`);
    return answer.status === 200 && answer.json.logs;
  });
  assert.match(logs.at(-1), /Logs were truncated because the total bytes size exceeds the limit of 1048576 bytes\.$/);
  assert.ok(logs.join('').length < 1.3e6);
});

const brokenCode = {
  'no zip': Buffer.from('this is no zip, but it is base64').toString('base64'),
  'a zip that leaves its folder': process.env.EVIL_ZIP,
};
for (const [what, code] of Object.entries(brokenCode)) {
  test(`code that is ${what} fails in init with a sentence`, async () => {
    const {status, response} = await runPython(code);
    assert.equal(status, 502);
    assert.equal(response.status, 'action developer error');
    assert.match(String(response.result.error), /zip|archive/i);
  });
}

const put = (name, body) => platform.call('PUT', path(name), {body});
const badRequests = [
  ['malformed JSON', () => put('x', '{"exec":'), 400],
  ['a JSON of the wrong type', () => put('x', '[1]'), 400],
  ['an unknown kind', () => put('x', {exec: {kind: 'cobol:1', code: 'x'}}), 400, /'cobol:1' is not supported/],
  ['a name with a forbidden character', () => put('a%2Fb', {}), 400],
  ['a name with a question mark', () => put('a%3Fb', {exec: {kind: 'python:default', code: 'x'}}), 400, /illegal characters/],
  ['49 MB of code', () => put('x', {exec: {kind: 'python:default', code: '#'.repeat(49 << 20)}}), 413, /exec larger than allowed/],
  ['a parameter of 1.1 MB', () => put('x', {exec: {kind: 'python:default', code: 'x'}, parameters: [{key: 'p', value: 'v'.repeat(1.1e6)}]}), 413, /parameters larger than allowed/],
  ['a payload of 1.1 MB', () => platform.call('POST', path('abuse'), {body: {p: 'v'.repeat(1.1e6)}}), 413, /Request larger than allowed/],
];
for (const [what, send, status, text] of badRequests) {
  test(`${what} is refused with ${status}`, async () => {
    const answer = await send();
    assert.equal(answer.status, status, answer.text.slice(0, 300));
    assert.deepEqual(Object.keys(answer.json).sort(), ['code', 'error']);
    if (text) assert.match(answer.json.error, text);
  });
}
