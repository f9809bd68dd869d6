// Volumes under the platform: what an activation did happens whole or not at all.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {eventually, GUEST_KEY, Platform, remove, scratchFolder} from './platform.mjs';

const LARDER = process.env.PROGRAM_UNDER_TEST;
const folder = scratchFolder();
let platform;

before(async () => {
  platform = await Platform.start(folder);
});
after(async () => {
  await platform.stop();
  remove(folder);
});

const CODE = `
import os, time
def main(args):
    os.chdir('/mnt/v')
    for name, text in args.get('write', {}).items():
        os.makedirs(os.path.dirname(name) or '.', exist_ok=True)
        with open(name, 'w') as f:
            f.write(text)
    if 'append' in args:
        time.sleep(args.get('sleep', 0))
        count = int(open(args['append']).read()) if os.path.exists(args['append']) else 0
        with open(args['append'], 'w') as f:
            f.write(str(count + 1))
    if args.get('ready'):
        with open('ready', 'w') as f: f.write('1')
    time.sleep(args.get('wait', 0))
    if args.get('late'):
        with open(args['late'], 'w') as f: f.write('late')
    if args.get('fail'):
        return {'error': 'as was asked'}
    found = {}
    for base, _, names in os.walk('.'):
        for name in names:
            path = os.path.relpath(os.path.join(base, name))
            found[path] = open(path).read()
    return found
`;

async function put(name, volume) {
  const answer = await platform.call('PUT', `/api/v1/namespaces/_/actions/${name}?overwrite=true`, {
    key: GUEST_KEY,
    body: {
      exec: {kind: 'python:default', code: CODE},
      annotations: [{key: 'volumes', value: {path: '/mnt/v', ...volume}}],
    },
  });
  assert.equal(answer.status, 200, answer.text);
}

async function run(name, args) {
  const answer = await platform.call(
      'POST', `/api/v1/namespaces/_/actions/${name}?blocking=true`, {key: GUEST_KEY, body: args});
  return answer.json;
}

const noted = activation => activation.annotations.find(a => a.key === 'volumes')?.value[0];
const volume = (...words) => execFileSync(
    LARDER, ['volume', '--socket', join(folder, 'storaged', 'control'), ...words], {encoding: 'utf8'});

// The process that serves: the keeper's child.
function daemon() {
  for (const pid of readdirSync('/proc').filter(name => /^[0-9]+$/.test(name))) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      if (words[1] === '--serve' && words.includes(`socket=${join(folder, 'storaged', 'control')}`)) return Number(pid);
    } catch {
    }
  }
  return null;
}

test('what one activation wrote the next one reads, and the record tells of the commit', async () => {
  await put('one', {name: 'books'});
  const first = await run('one', {write: {'a.txt': 'hello', 'deep/down/b.txt': 'there'}});
  assert.deepEqual(first.response.result, {'a.txt': 'hello', 'deep/down/b.txt': 'there'}, JSON.stringify(first));
  assert.equal(noted(first).commit, 'ok');
  assert.equal(noted(first).commitNumber, 1);
  assert.equal(noted(first).isolation, 'snapshot');
  assert.equal(noted(first).durable.writtenBytes, 10);
  const second = await run('one', {});
  assert.deepEqual(second.response.result, {'a.txt': 'hello', 'deep/down/b.txt': 'there'});
});

test('an activation that fails leaves nothing', async () => {
  await put('two', {name: 'failures'});
  const failed = await run('two', {write: {x: '1'}, fail: true});
  assert.equal(failed.response.success, false);
  assert.match(noted(failed).commit, /^aborted/);
  assert.deepEqual((await run('two', {})).response.result, {});
});

test('a daemon that is killed is in no activation’s way', async () => {
  await put('three', {name: 'survivors'});
  const running = run('three', {write: {x: '1'}, wait: 2, late: 'y'});
  await eventually('it is under way', () => /^larder_storage_attempts_open 1$/m.test(volume('metrics')));
  const before = daemon();
  process.kill(before, 'SIGKILL');
  assert.deepEqual((await running).response.result, {x: '1', y: 'late'});
  assert.notEqual(daemon(), before);
  assert.deepEqual((await run('three', {})).response.result, {x: '1', y: 'late'});
});

test('a conflict is an error of the application, or a retry where the volume says so', async () => {
  await put('strict', {name: 'counter'});
  await put('patient', {name: 'counter', retry: 10});
  await run('strict', {write: {n: '0'}});
  const strict = await Promise.all([1, 2].map(() => run('strict', {append: 'n', wait: 1})));
  const lost = strict.filter(activation => !activation.response.success);
  assert.equal(lost.length, 1, JSON.stringify(strict.map(a => a.response)));
  assert.equal(lost[0].response.status, 'application error');
  assert.match(JSON.stringify(lost[0].response.result), /\\"n\\" was changed meanwhile by activation/);
  const patient = await Promise.all([1, 2, 3].map(() => run('patient', {append: 'n', wait: 0.3})));
  assert.ok(patient.every(activation => activation.response.success), JSON.stringify(patient.map(a => a.response)));
  assert.ok(patient.some(activation => /^retried\([1-9]/.test(noted(activation).commit)));
  assert.equal((await run('strict', {})).response.result.n, '4');
});

test('a file that is open at the end is told, or an error where the volume says so', async () => {
  const code = "import os\ndef main(args):\n global kept\n kept = open('/mnt/v/half', 'w')\n kept.write('x')\n" +
      " kept.flush()\n return {'written': True}";
  const put = volume => platform.call('PUT', '/api/v1/namespaces/_/actions/keeper?overwrite=true', {
    key: GUEST_KEY,
    body: {
      exec: {kind: 'python:default', code}, annotations: [{key: 'volumes', value: {path: '/mnt/v', name: 'open', ...volume}}],
    },
  });
  await put({});
  assert.deepEqual(noted(await run('keeper', {})).openAtEnd, ['half']);
  await put({openAtEnd: 'abort'});
  const {response} = await run('keeper', {});
  assert.equal(response.status, 'application error');
  assert.match(response.result.error, /\"half\" was still open for writing at the end|"half" was still open/);
});

test('people see, copy, remove and check what is there', async () => {
  await put('four', {name: 'shelf'});
  await run('four', {write: {'out/a.txt': 'hello'}});
  assert.match(volume('ls'), /^guest\/shelf$/m);
  assert.match(volume('ls', 'shelf:out'), /a\.txt/);
  assert.equal(JSON.parse(volume('stat', 'guest/shelf:out/a.txt')).bytes, 5);
  assert.deepEqual(JSON.parse(volume('du', 'shelf')).durable, {bytes: 5, files: 1, directories: 2});
  const file = join(folder, 'copy');
  assert.equal(volume('cp', 'shelf:out/a.txt', file), '5 bytes\n');
  assert.equal(readFileSync(file, 'utf8'), 'hello');
  writeFileSync(file, 'from outside');
  volume('cp', file, 'shelf:in/new');
  assert.deepEqual((await run('four', {})).response.result, {'out/a.txt': 'hello', 'in/new': 'from outside'});
  volume('rm', 'shelf:out/a.txt');
  assert.deepEqual((await run('four', {})).response.result, {'in/new': 'from outside'});
  volume('gc');
  assert.equal(JSON.parse(volume('fsck', 'shelf'))['guest/shelf'].found, 0);
  assert.throws(() => volume('rm', 'shelf'), /say so/);
  volume('rm', '--whole-volume', 'shelf');
  assert.doesNotMatch(volume('ls'), /shelf/);
});

test('what this service does not do is refused in a sentence', async () => {
  await put('five', {name: 'fast', tier: 'ephemeral', copies: 3});
  const refused = await run('five', {});
  assert.match(refused.response.result.error, /cannot do 3; it can do at most 2/);
});
