// Volumes in images: the operator's bounds on them, as the users of a platform meet them.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {GUEST_KEY, Platform, remove, scratchFolder, SYSTEM_KEY} from './platform.mjs';

const folder = scratchFolder();
let platform;

before(async () => {
  platform = await Platform.start(
      folder, 'volumes.provider=images', 'volumes.durable-size=256 MB', 'volumes.ephemeral-size=256 MB', 'volumes.quota=64 MB',
      'volumes.quota-max=64 MB', 'volumes.namespace-quota=80 MB', 'volumes.namespace-count=2');
});
after(async () => {
  await platform.stop();
  remove(folder);
});

// Writes until it is refused or `megabytes` are there; first removes what `clear` says.
const FILLER = `
import os
def main(args):
    path = '/mnt/v/f'
    if args.get('clear') and os.path.exists(path):
        os.unlink(path)
    done = 0
    try:
        with open(path, 'wb') as f:
            for _ in range(args['megabytes']):
                f.write(os.urandom(1 << 20))
                f.flush()
                done += 1
            os.fsync(f.fileno())
        return {'done': done}
    except OSError as e:
        return {'done': done, 'errno': e.errno}
`;

// Invokes an action with the volume; gives the activation's response.
async function run(volume, args, key = GUEST_KEY, code = FILLER) {
  const put = await platform.call('PUT', '/api/v1/namespaces/_/actions/filler?overwrite=true', {
    key,
    body: {
      exec: {kind: 'python:default', code},
      annotations: [{key: 'volumes', value: {path: '/mnt/v', ...volume}}],
    },
  });
  assert.equal(put.status, 200, put.text);
  const answer = await platform.call('POST', '/api/v1/namespaces/_/actions/filler?blocking=true', {key, body: args});
  return answer.json.response;
}

for (const tier of ['durable', 'ephemeral']) {
  test(`the ${tier} volumes of a namespace are bounded together, and others are not in the way`, async () => {
    assert.deepEqual((await run({name: 'a', tier, lifetime: 'volume'}, {megabytes: 50})).result, {done: 50});
    const second = (await run({name: 'b', tier, lifetime: 'volume'}, {megabytes: 50})).result;
    assert.equal(second.errno, 122);  // EDQUOT
    assert.ok(second.done < 30, `${second.done}`);
    assert.deepEqual((await run({name: 'a', tier, lifetime: 'volume'}, {megabytes: 50}, SYSTEM_KEY)).result, {done: 50});
    assert.deepEqual((await run({name: 'a', tier, lifetime: 'volume'}, {clear: true, megabytes: 40})).result, {done: 40});
  });
}

test('a volume too many is refused with a sentence', async () => {
  const {status, result} = await run({name: 'c', tier: 'durable'}, {megabytes: 1});
  assert.equal(status, 'action developer error');
  assert.match(result.error, /volume 'c': the namespace has 2 volumes already/);
});

test('a quota over the maximum is refused with a sentence', async () => {
  const {status, result} = await run({name: 'a', tier: 'durable', quota: '65 MB'}, {megabytes: 1});
  assert.equal(status, 'action developer error');
  assert.match(result.error, /volume 'a': quota must be at most 64 MB here, and is 65 MB/);
});

test('a volume on btrfs gives no way around its quota by a subvolume', async () => {
  const code = `
import fcntl, os, struct
def main(args):
    there = os.open('/mnt/v', os.O_RDONLY)
    try:
        fcntl.ioctl(there, 0x5000940e, bytearray(struct.pack('<q4088s', 0, b'escape')), True)
        return {'made': os.listdir('/mnt/v')}
    except OSError as e:
        return {'refused': True}
`;
  assert.deepEqual((await run({name: 'a', tier: 'durable'}, {}, SYSTEM_KEY, code)).result, {refused: true});
});

test('volumes that are in images stay there when nobody says who serves them', async () => {
  await platform.stop();
  platform = await Platform.start(folder);
  assert.match(platform.output, /larder: volumes: the data directory has volumes in images/);
  const code = "import os\ndef main(args): return {'there': os.path.getsize('/mnt/v/f')}";
  assert.deepEqual((await run({name: 'a', tier: 'durable'}, {}, GUEST_KEY, code)).result, {there: 40 << 20});
});
