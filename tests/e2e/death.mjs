// How long it takes from the death of a container to the first acknowledgement.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {readdirSync, readFileSync} from 'node:fs';
import {createInterface} from 'node:readline';

import {eventually, passed} from './platform.mjs';

const TOPIC_TOOL = process.env.TOPIC_TOOL;
const ROUNDS = 10;
// OpenWhisk's own invoker needs two seconds. The figure to reach is 20 ms; busy machines miss it.
const FAR_TOO_LONG_MS = 1000;

// What comes into a topic: next() gives {at, text}, in epoch milliseconds.
export async function watch(brokers, topic) {
  const process = spawn(TOPIC_TOOL, ['watch', brokers, topic], {stdio: ['ignore', 'pipe', 'inherit']});
  const lines = createInterface({input: process.stdout})[Symbol.asyncIterator]();
  await lines.next();
  const next = async () => {
    const [, at, text] = (await lines.next()).value.match(/^([0-9]+) (.*)$/s);
    return {at: Number(at), text};
  };
  return {next, end: () => process.kill('SIGKILL')};
}

const statOf = pid => {
  try {
    const [, name, rest] = readFileSync(`/proc/${pid}/stat`, 'utf8').match(/\((.*)\) (.*)$/s);
    return {name, parent: Number(rest.split(' ')[1])};
  } catch {
    return undefined;
  }
};

export const descendsFrom = (pid, ancestor) => {
  for (let at = pid; at > 1; at = statOf(at)?.parent ?? 0) if (at === ancestor) return true;
  return false;
};

// The pids of the runtimes in the sandboxes of an invoker.
export const runtimesOf = invoker => readdirSync('/proc').map(Number).filter(
    pid => pid && statOf(pid)?.name === 'proxy' && descendsFrom(pid, invoker.process.pid));

// `victims`: gives the pids of the runtimes in all containers. Prints the figures, and fails where they are far off.
export async function measureDeaths(name, invoker, victims) {
  const common = ['--controller', 'deaths', '--memory', '128 MB', '--blocking', '100', '--grace', '1s'];
  await invoker.simulate(...common, '--requests', '1');
  for (const pid of await victims()) process.kill(pid, 'SIGKILL');
  const acks = await watch(invoker.kafka.address, `${invoker.prefix}completeddeaths`);
  const times = [];
  try {
    for (let round = 0; round < ROUNDS; ++round) {
      await eventually('the last container is gone', async () => (await victims()).length === 0);
      const simulation = invoker.beginSimulation(...common, '--action', 'sleep:20000', '--requests', '1', '--tolerate',
          'result-wrong,record-wrong');
      await simulation.heard(/invoker0 is up/);
      await eventually('it runs', async () => await invoker.metric('larder_containers{state="busy"}') === 1);
      await passed(300);
      const doomed = await victims();
      const killed = Date.now();
      for (const pid of doomed) process.kill(pid, 'SIGKILL');
      for (let ack = await acks.next(); ; ack = await acks.next()) {
        if (!ack.text.includes('"response"')) continue;
        times.push(ack.at - killed);
        break;
      }
      await simulation.ended;
    }
  } finally {
    acks.end();
  }
  times.sort((a, b) => a - b);
  console.log(`RESULT from the death of a ${name} to the first acknowledgement: p50 ${times[ROUNDS / 2]} ms, max ${times.at(-1)} ms`);
  assert.ok(times[ROUNDS / 2] < FAR_TOO_LONG_MS, `${times}`);
}
