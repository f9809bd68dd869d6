// Starts `larder-invoker` for a test, against services that tests/services has started, and plays a controller to it.
import assert from 'node:assert/strict';
import {execFile, spawn} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {closeSync, openSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {promisify} from 'node:util';

import {eventually, remove, scratchFolder} from './platform.mjs';

const INVOKER = process.env.INVOKER_UNDER_TEST;
const SIMULATOR = process.env.CONTROLLER_SIMULATOR;
const SERVICES = process.env.SERVICES_FOLDER;
const SERVICE_SCRIPTS = process.env.SERVICE_SCRIPTS;
const run = promisify(execFile);

export const skip = reason => {
  console.log(`SKIPPED: ${reason}`);
  process.exit(0);
};
if (process.getuid() !== 0) skip('containers need root');

const said = (folder, file) => {
  try {
    return readFileSync(join(folder, file), 'utf8').trim();
  } catch {
    return '';
  }
};

// What the service says where it listens. Ends this test program where the machine cannot run it.
export function service(name, folder = join(SERVICES, name)) {
  const address = said(folder, 'address');
  if (!address) skip(`no ${name}: ${said(folder, 'reason') || `start it with tests/services/${name}`}`);
  return {address, credentials: said(folder, 'credentials'), folder};
}

// A service of the test's own, which it may take away and bring back.
export async function ownService(name, folder) {
  const script = join(SERVICE_SCRIPTS, name);
  await run(script, ['start', folder]);
  const own = service(name, folder);
  for (const action of ['crash', 'resume']) own[action] = () => run(script, [action, folder]);
  // It keeps its connections and takes new ones, and says nothing.
  const signal = name => said(folder, 'pids').split('\n').forEach(pid => process.kill(Number(pid), name));
  own.freeze = () => signal('SIGSTOP');
  own.thaw = () => signal('SIGCONT');
  own.stop = () => {
    if (said(folder, 'pids')) own.thaw();  // what stands still hears no request to end
    return run(script, ['stop', folder]);
  };
  return own;
}

const image = name => ({prefix: 'larder', name, tag: 'latest'});
const kind = (name, of) =>
    [{kind: name, default: true, image: image(of), attached: {attachmentName: 'codefile', attachmentType: 'text/plain'}}];
export const manifest = nodeMajor => ({
  runtimes: {
    python: kind('python:3', 'action-python-v3'),
    nodejs: kind(`nodejs:${nodeMajor}`, 'action-nodejs-v20'),
  },
});

export class Invoker {
  // `settings`: variables beside those that say where the services are. Every test has topics of its own.
  // `id`: null for an invoker that has only a name. `logFile`: where its log goes, not into `log` then. `prefix`: of another invoker,
  // which this one stands beside.
  constructor({kafka, couchdb, settings = {}, id = '0', logFile, prefix = `t${randomBytes(4).toString('hex')}-`}) {
    this.logFile = logFile;
    const [host, port] = couchdb.address.split(':');
    const [user, password] = couchdb.credentials.split(':');
    this.prefix = prefix;
    this.identity = [...(id === null ? [] : ['--id', id]), '--uniqueName', this.prefix];
    this.kafka = kafka;
    this.database = `http://${couchdb.credentials}@${couchdb.address}`;
    this.environment = {
      PATH: process.env.PATH,
      PORT: '0',
      KAFKA_HOSTS: kafka.address,
      WHISK_API_HOST_NAME: '127.0.0.1',
      RUNTIMES_MANIFEST: JSON.stringify(manifest(process.version.match(/^v(\d+)/)[1])),
      CONFIG_whisk_spi_InvokerProvider: 'org.apache.openwhisk.core.invoker.InvokerReactive',
      CONFIG_whisk_invoker_protocol: 'http',
      CONFIG_whisk_kafka_topics_prefix: this.prefix,
      CONFIG_whisk_kafka_topics_userEvent_prefix: this.prefix,
      CONFIG_whisk_userEvents_enabled: 'true',
      CONFIG_whisk_couchdb_protocol: 'http',
      CONFIG_whisk_couchdb_host: host,
      CONFIG_whisk_couchdb_port: port,
      CONFIG_whisk_couchdb_username: user,
      CONFIG_whisk_couchdb_password: password,
      CONFIG_whisk_couchdb_databases_WhiskEntity: 'whisk_local_whisks',
      CONFIG_whisk_couchdb_databases_WhiskActivation: 'whisk_local_activations',
      CONFIG_whisk_couchdb_databases_WhiskAuth: 'whisk_local_subjects',
      CONFIG_whisk_containerPool_userMemory: '2048m',
      CONFIG_larder_containers: 'sandbox',
      ...settings,
    };
  }

  // Resolves when the HTTP endpoints answer.
  async start(...args) {
    const output = this.logFile ? openSync(this.logFile, 'a') : 'pipe';
    this.process = spawn(INVOKER, [...this.identity, ...args],
        {env: this.environment, stdio: ['ignore', output, 'pipe']});
    if (this.logFile) closeSync(output);
    this.log = '';
    this.process.stderr.on('data', text => this.log += text);
    this.ended = new Promise(resolve => this.process.on('exit', (code, signal) => resolve({code, signal})));
    await new Promise((resolve, reject) => {
      const listen = line => {
        const port = line.match(/answers on port ([0-9]+)/);
        if (port) resolve(this.url = `http://127.0.0.1:${port[1]}`);
      };
      if (this.logFile) {
        eventually('it says where it listens', () => (listen(readFileSync(this.logFile, 'utf8')), this.url)).catch(reject);
      } else {
        createInterface({input: this.process.stdout}).on('line', line => {
          this.log += line + '\n';
          listen(line);
        });
      }
      this.ended.then(() => reject(new Error(`the invoker did not start:\n${this.log}`)));
    });
    return this;
  }

  // Ends it and gives {code, signal}.
  async stop(signal = 'SIGTERM') {
    this.process?.kill(signal);
    return this.ended;
  }

  get(path, options = {}) {
    return fetch(this.url + path, options);
  }

  // What /ready says of one of the things it looks at.
  async check(name) {
    return (await (await this.get('/ready')).json()).checks.find(check => check.name === name);
  }

  // The value of a metric, named with its labels.
  async metric(name) {
    const lines = (await (await this.get('/metrics')).text()).split('\n');
    return Number(lines.find(line => line.startsWith(`${name} `))?.slice(name.length + 1));
  }

  // The records of a namespace; without one, of that which simulations call from.
  async records(space = `ns${this.prefix}`) {
    const {host, username, password} = new URL(this.database);
    const query = new URLSearchParams({include_docs: true, startkey: `"${space}/"`, endkey: `"${space}/~"`});
    const answer = await fetch(`http://${host}/whisk_local_activations/_all_docs?${query}`,
        {headers: {authorization: 'Basic ' + Buffer.from(`${username}:${password}`).toString('base64')}});
    return (await answer.json()).rows.map(row => row.doc);
  }

  // Plays a controller; gives the exit code, the report and what was said meanwhile.
  async simulate(...args) {
    const simulation = this.beginSimulation(...args);
    return simulation.ended;
  }

  beginSimulation(...args) {
    const process = spawn(SIMULATOR,
        ['--kafka', this.kafka.address, '--db', this.database, '--topic-prefix', this.prefix, '--event-prefix',
          this.prefix, ...(args.includes('--namespace') ? [] : ['--namespace', `ns${this.prefix}`]), '--json', '-',
          '--healthy-within', '60s', ...args],
        {stdio: ['ignore', 'pipe', 'pipe']});
    let output = '';
    let said = '';
    process.stdout.on('data', text => output += text);
    process.stderr.on('data', text => said += text);
    const ended = new Promise(resolve => process.on('exit', code => {
      let report;
      try {
        report = JSON.parse(output);
      } catch {
        report = undefined;
      }
      resolve({code, report, said, failure: `simulator: exit ${code}\n${said}\n${output}\ninvoker:\n${this.log}`});
    }));
    // Resolves when it has said something that matches, so many times.
    const heard = async (pattern, times = 1) => {
      while ([...said.matchAll(new RegExp(pattern, 'g'))].length < times) {
        if (process.exitCode !== null) throw new Error(`never said ${pattern}:\n${said}`);
        await new Promise(resolve => setTimeout(resolve, 10));
      }
    };
    return {process, ended, heard};
  }
}

// Runs `body` with an invoker that is there and is gone afterwards.
export async function withInvoker({settings, ...others}, body) {
  const folder = scratchFolder();
  const invoker = new Invoker({...others, settings: {CONFIG_larder_dataFolder: folder, ...settings}});
  try {
    await invoker.start();
    await body(invoker);
    if (invoker.process.exitCode === null) assert.deepEqual(await invoker.stop(), {code: 0, signal: null});
  } finally {
    await invoker.stop('SIGKILL');
    remove(folder);
  }
}
