// Actions of a test's own, called as a controller calls them.
import {execFile} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';

import {eventually} from './platform.mjs';

const run = promisify(execFile);
const TOPIC_TOOL = process.env.TOPIC_TOOL;
const CONTROLLER = 'calls';

export class Calls {
  constructor(invoker) {
    this.invoker = invoker;
    const {host, username, password} = new URL(invoker.database);
    this.host = host;
    this.headers = {authorization: 'Basic ' + Buffer.from(`${username}:${password}`).toString('base64')};
    this.path = `a${invoker.prefix.replace('-', '')}`;
  }

  // What a controller makes before its first call: here, by one that calls something else.
  async begin() {
    const {code, failure} = await this.invoker.simulate('--controller', CONTROLLER, '--action', 'noop', '--requests', '1', '--memory', '128 MB',
        '--logs', '0');
    if (code !== 0) throw new Error(failure);
    return this;
  }

  async put(name, code, annotations = {}) {
    const document = {entityType: 'action', namespace: this.path, name, version: '0.0.1', publish: true, parameters: [], updated: Date.now(),
      exec: {kind: 'python:3', code, binary: false}, limits: {timeout: 30_000, memory: 128, logs: 1, concurrency: 1},
      annotations: Object.entries({'provide-api-key': false, exec: 'python:3', ...annotations}).map(([key, value]) => ({key, value}))};
    const answer = await fetch(`http://${this.host}/whisk_local_whisks/${this.path}%2F${name}`,
        {method: 'PUT', headers: {...this.headers, 'content-type': 'application/json'}, body: JSON.stringify(document)});
    if (!answer.ok) throw new Error(await answer.text());
  }

  // Sends one call and gives its id. `space`: the namespace that calls; `to`: the number of the invoker.
  async send(name, content = {}, {space = 'alice', id = randomBytes(16).toString('hex'), to = 0} = {}) {
    const uuid = '23bc46b1-71f6-4ed5-8c54-816aa4f8c502';
    const message = {action: {path: this.path, name, version: '0.0.1'}, activationId: id, blocking: false, content, initArgs: [], lockedArgs: {},
      rootControllerIndex: {asString: CONTROLLER, instanceType: 'controller'}, transid: [id, Date.now()], revision: null,
      user: {subject: space, namespace: {name: space, uuid}, authkey: {api_key: `${uuid}:${'k'.repeat(64)}`},
        rights: ['READ', 'PUT', 'DELETE', 'ACTIVATE'], limits: {}}};
    const file = join(tmpdir(), `larder-e2e-message-${id}`);
    writeFileSync(file, JSON.stringify(message));
    try {
      await run(TOPIC_TOOL, ['put', this.invoker.kafka.address, `${this.invoker.prefix}invoker${to}`, file]);
    } finally {
      rmSync(file);
    }
    return {space, id};
  }

  async record({space, id}) {
    const answer = await fetch(`http://${this.host}/whisk_local_activations/${space}%2F${id}`, {headers: this.headers});
    return answer.ok ? answer.json() : undefined;
  }

  // Its record, when it has ended.
  end(call) {
    return eventually('the activation has ended', () => this.record(call), 40);
  }

  async run(...call) {
    return this.end(await this.send(...call));
  }
}

export const noted = (record, key) => record.annotations.find(each => each.key === key)?.value;
