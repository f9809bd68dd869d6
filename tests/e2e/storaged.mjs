// Starts `larder-storaged` for a test: the volumes of one node.
import {execFileSync, spawn, spawnSync} from 'node:child_process';
import {closeSync, openSync, readdirSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';

import {eventually, remove, scratchFolder, skip} from './platform.mjs';

const programs = process.env.LARDER_PROGRAMS ?? dirname(process.env.INVOKER_UNDER_TEST);

// Why this machine cannot run one; false where it can.
export function reasonWithoutStoraged() {
  const {stdout} = spawnSync(join(programs, 'larder'), ['doctor'], {encoding: 'utf8'});
  const verdict = stdout.split('\n').find(line => line.includes('volumes (storaged)')) ?? 'larder doctor says nothing of larder-storaged';
  return verdict.startsWith('[ OK ]') ? false : verdict;
}

export class Storaged {
  // `settings`: lines as for -s.
  constructor(node, ...settings) {
    this.node = node;
    this.folder = scratchFolder();
    this.socket = join(this.folder, 'control');
    this.settings = settings;
  }

  async start() {
    const reason = reasonWithoutStoraged();
    if (reason) skip(reason);
    const log = openSync(join(this.folder, 'log'), 'a');
    this.process = spawn(join(programs, 'larder-storaged'),
        [`directory=${this.folder}/data`, `socket=${this.socket}`, `node=${this.node}`, ...this.settings].flatMap(s => ['-s', s]),
        {stdio: ['ignore', log, log]});
    closeSync(log);
    this.ended = new Promise(resolve => this.process.on('exit', (code, signal) => resolve({code, signal})));
    await Promise.race([eventually(`the volumes of ${this.node} are there`, () => this.answers(), 30),
      this.ended.then(() => { throw new Error(`larder-storaged did not start:\n${this.log}`); })]);
    return this;
  }

  // With its keeper and its mount.
  async stop(signal = 'SIGTERM') {
    this.process?.kill(signal);
    return this.ended;
  }

  async remove() {
    await this.stop();
    remove(this.folder);
  }

  answers() {
    try {
      return this.metric('larder_storage_attempts_open') !== undefined;
    } catch {
      return false;
    }
  }

  // As people do it.
  volume(...words) {
    return execFileSync(join(programs, 'larder'), ['volume', '--socket', this.socket, ...words],
        {encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe']});
  }

  metric(name) {
    const line = this.volume('metrics').split('\n').find(each => each.startsWith(`${name} `));
    return line && Number(line.slice(name.length + 1));
  }

  // The process that serves: the keeper's child.
  get server() {
    return readdirSync('/proc').map(Number).find(pid => {
      try {
        return pid && Number(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /s, '').split(' ')[1]) === this.process.pid;
      } catch {
        return false;
      }
    });
  }

  get log() {
    return readFileSync(join(this.folder, 'log'), 'utf8');
  }
}
