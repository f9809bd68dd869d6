// What handing activations over costs, measured with three invokers, a real broker and a real database, by the controller simulator.
//
// The three fleets are there at once and take turns, so that a machine that is busy with other things is so for all of them. Times are
// compared within one round, and the median of the rounds counts.
import {Fleet} from '@PROJECT_SOURCE_DIR@/tests/e2e/fleet.mjs';
import {service} from '@PROJECT_SOURCE_DIR@/tests/e2e/invoker.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 5);
const REQUESTS = Number(process.env.REQUESTS ?? 1000);
const kafka = service('kafka');
const couchdb = service('couchdb');

const median = values => values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)];
const result = (what, reached, must, held) => console.log(`RESULT|${what}|${reached}|${must}|${held ? 'yes' : 'no'}`);

async function load(fleet, ...args) {
  const {report, failure} = await fleet.invokers[0].simulate(
      '--invokers', '3', '--action', 'noop', '--copies', '3', '--memory', '128 MB', '--warm-up', '60',
      '--limits', '{"storeActivations":false}', ...args);
  if (!report?.phases?.length) throw new Error(failure);
  return report.phases[0];
}

const fleets = {};
try {
  fleets.off = await Fleet.start({kafka, couchdb, settings: () => ({CONFIG_larder_handoff_key: ''})});
  fleets.on = await Fleet.start({kafka, couchdb});
  fleets.all = await Fleet.start({kafka, couchdb, settings: () => ({CONFIG_larder_handoff_drill: '100'})});
  await fleets.on.connected([2, 2, 2]);
  await fleets.all.connected([2, 2, 2]);
  const rates = [];
  const costs = [];
  for (let round = 0; round < ROUNDS; ++round) {
    const order = round % 2 ? ['on', 'off'] : ['off', 'on'];
    const rate = {};
    for (const name of order) {
      rate[name] = (await load(fleets[name], '--requests', `${REQUESTS}`, '--outstanding', '8')).perSecond;
    }
    rates.push(rate.on / rate.off);
    const calm = ['--requests', `${REQUESTS / 4}`, '--outstanding', '1'];
    const home = (await load(fleets.on, ...calm)).warmMs.p50;
    const away = (await load(fleets.all, ...calm)).warmMs.p50;
    costs.push(away - home);
    console.log(`round ${round}: ${rate.off.toFixed(0)} a second without, ${rate.on.toFixed(0)} with; ` +
        `warm call ${home.toFixed(2)} ms here, ${away.toFixed(2)} ms there`);
  }
  const share = median(rates);
  const cost = median(costs);
  result('throughput with hand-off on and nothing to hand over, against off', share.toFixed(3), '0.97', share >= 0.97);
  const faulty = cost < 0;  // nothing is faster for going elsewhere: the machine was busy with other things
  result('added to a warm call that is handed over, p50', faulty ? 'below zero' : `${cost.toFixed(2)} ms`, '1 ms', !faulty && cost <= 1);
  console.log(`${await fleets.all.sum('larder_handoffs_total{reason="done"}')} handed over`);
} finally {
  for (const fleet of Object.values(fleets)) await fleet.end();
}
