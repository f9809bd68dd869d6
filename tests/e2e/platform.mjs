// Starts `larder standalone` for a test, waits until it answers, and sees that it is gone afterwards.
import {spawn} from 'node:child_process';
import {mkdtempSync, readFileSync, readdirSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';

const LARDER = process.env.PROGRAM_UNDER_TEST;
if (process.getuid() !== 0) skip('sandboxes need root');

// Ends this test program as one that this machine cannot run.
export function skip(reason) {
  console.log(`SKIPPED: ${reason}`);
  process.exit(0);
}

export const GUEST_KEY =
    '23bc46b1-71f6-4ed5-8c54-816aa4f8c502:' +
    '123zO3xZCLrMN6v2BKK1dXYFpXlPkccOFqm12CdAsMgRU4VrNZ9lyGVCGuMDGIwP';
export const SYSTEM_KEY =
    '789c46b1-71f6-4ed5-8c54-816aa4f8c502:' +
    'abczO3xZCLrMN6v2BKK1dXYFpXlPkccOFqm12CdAsMgRU4VrNZ9lyGVCGuMDGIwP';

export const scratchFolder = () => mkdtempSync(join(tmpdir(), 'larder-e2e-'));
export const remove = folder => rmSync(folder, {recursive: true, force: true});

export class Platform {
  // Resolves when the platform says that it is ready.
  static start(dataDir, ...settings) {
    return Platform.startWith([], dataDir, ...settings);
  }

  static async startWith(options, dataDir, ...settings) {
    const platform = new Platform();
    platform.process = spawn(
        LARDER,
        ['standalone', '--port', '0', '--data-dir', dataDir, ...options, ...settings.flatMap(s => ['--set', s])],
        {stdio: ['ignore', 'pipe', 'pipe']});
    platform.errors = platform.output = '';
    platform.process.stderr.on('data', text => platform.errors += text);
    platform.ended = new Promise(resolve => platform.process.on('exit', (code, signal) => resolve({code, signal})));
    const lines = createInterface({input: platform.process.stdout});
    await new Promise((resolve, reject) => {
      lines.on('line', line => {
        platform.output += line + '\n';
        const ready = line.match(/ready at (http:\/\/[0-9.:]+)/);
        if (ready) platform.url = ready[1];
        if (line.includes('wsk property set')) resolve();
      });
      platform.ended.then(() => reject(new Error(`larder did not start:\n${platform.errors}`)));
    });
    return platform;
  }

  get pid() {
    return this.process.pid;
  }

  // Ends it and gives {code, signal}.
  async stop(signal = 'SIGTERM') {
    this.process.kill(signal);
    return this.ended;
  }

  // One request; the body is JSON where the answer says so.
  async call(method, path, {body, key = GUEST_KEY, headers = {}} = {}) {
    const answer = await fetch(this.url + path, {
      method,
      headers: {
        ...(key ? {authorization: 'Basic ' + Buffer.from(key).toString('base64')} : {}),
        ...(body === undefined ? {} : {'content-type': 'application/json'}),
        ...headers,
      },
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await answer.text();
    const isJson = (answer.headers.get('content-type') ?? '').startsWith('application/json');
    return {status: answer.status, headers: answer.headers, text, json: isJson ? JSON.parse(text) : undefined};
  }
}

// What a platform or an invoker may leave behind; the services of other tests have names of their own.
const isOurs = name => /larder/.test(name) && !/larder-(docker|kafka|couchdb|zookeeper)/.test(name);

// The name of every process, mount and cgroup of sandboxes that is on this machine now.
export function traces() {
  const processes = readdirSync('/proc').filter(name => /^[0-9]+$/.test(name)).flatMap(pid => {
    try {
      const program = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0];
      return isOurs(program) ? [`process ${pid} ${program}`] : [];
    } catch {
      return [];  // it has ended meanwhile
    }
  });
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n').filter(isOurs);
  const cgroups = [];
  for (const root of ['/sys/fs/cgroup', ...readdirSync('/sys/fs/cgroup').map(name => `/sys/fs/cgroup/${name}`)]) {
    collectCgroups(root, 0, cgroups);
  }
  return [...processes, ...mounts, ...cgroups];
}

// What is here and was not: others' that were here before may go meanwhile.
export const leftSince = before => traces().filter(name => !before.includes(name));

function collectCgroups(folder, depth, found) {
  let entries = [];
  try {
    entries = readdirSync(folder, {withFileTypes: true});
  } catch {
    return;
  }
  for (const entry of entries.filter(e => e.isDirectory())) {
    if (isOurs(entry.name)) found.push(`${folder}/${entry.name}`);
    else if (depth < 3 && !/larder/.test(entry.name)) collectCgroups(`${folder}/${entry.name}`, depth + 1, found);
  }
}

// For the moment that is itself the test, in the midst of what goes on: nothing is waited for.
export const passed = ms => new Promise(resolve => setTimeout(resolve, ms));

// Asks `probe` until it gives something, for at most ten seconds unless more are given.
export async function eventually(what, probe, seconds = 10) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > end) throw new Error(`never happened: ${what}`);
    await passed(20);
  }
}
