// Several invokers of one fleet that hand activations to each other, before one controller.
import {createServer, connect} from 'node:net';

import {Invoker} from './invoker.mjs';
import {eventually, remove, scratchFolder} from './platform.mjs';

const KEY = 'a key that the invokers of this test share';

async function freePort() {
  const server = createServer();
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  const {port} = server.address();
  await new Promise(resolve => server.close(resolve));
  return port;
}

// Between two invokers: can be cut, so that what is under way breaks and nobody gets through.
export class Wire {
  static async to(port) {
    const wire = new Wire();
    wire.sockets = new Set();
    wire.whole = true;
    wire.server = createServer(socket => {
      if (!wire.whole) return socket.destroy();
      const other = connect(port, '127.0.0.1');
      for (const [one, another] of [[socket, other], [other, socket]]) {
        wire.sockets.add(one);
        one.setNoDelay(true);
        one.on('error', () => {});
        one.on('close', () => (wire.sockets.delete(one), another.destroy()));
        one.pipe(another);
      }
    });
    await new Promise(resolve => wire.server.listen(0, '127.0.0.1', resolve));
    return wire;
  }
  get port() {
    return this.server.address().port;
  }
  cut() {
    this.whole = false;
    this.sockets.forEach(socket => socket.destroy());
  }
  mend() {
    this.whole = true;
  }
  close() {
    this.cut();
    this.server.close();
  }
}

export class Fleet {
  // `settings`: a function of the number of each. `wires`: the one with the larger number calls the other through a Wire.
  static async start({kafka, couchdb, size = 3, settings = () => ({}), wires = false}) {
    const fleet = new Fleet();
    fleet.folders = [];
    fleet.wires = [];
    const ports = await Promise.all(Array.from({length: size}, freePort));
    fleet.invokers = await Promise.all(ports.map(async (port, id) => {
      const folder = scratchFolder();
      fleet.folders.push(folder);
      const peers = await Promise.all(ports.map(async (to, other) => {
        if (!wires || other >= id) return `${other}=127.0.0.1:${to}`;
        const wire = await Wire.to(to);
        fleet.wires.push(wire);
        return `${other}=127.0.0.1:${wire.port}`;
      }));
      return new Invoker({kafka, couchdb, id: `${id}`, settings: {
        CONFIG_larder_dataFolder: folder,
        CONFIG_larder_handoff_key: KEY,
        CONFIG_larder_handoff_address: '127.0.0.1',
        CONFIG_larder_handoff_port: `${port}`,
        CONFIG_larder_handoff_peers: peers.join(','),
        // The machines that run this have other things to do.
        CONFIG_larder_handoff_budget: '100 ms',
        CONFIG_whisk_concurrencyLimit_max: '8',
        ...settings(id),
      }});
    }));
    const [first] = fleet.invokers;
    for (const invoker of fleet.invokers) {
      invoker.prefix = first.prefix;
      for (const name of ['CONFIG_whisk_kafka_topics_prefix', 'CONFIG_whisk_kafka_topics_userEvent_prefix']) {
        invoker.environment[name] = first.prefix;
      }
    }
    await Promise.all(fleet.invokers.map(invoker => invoker.start()));
    return fleet;
  }

  async connected(counts) {
    for (const [id, count] of counts.entries()) {
      await eventually(`invoker${id} knows ${count} others`,
          async () => await this.invokers[id].metric('larder_peers_connected') === count);
    }
  }

  // Over all of them.
  async sum(metric) {
    const values = await Promise.all(this.invokers.map(invoker => invoker.metric(metric)));
    return values.reduce((one, other) => one + (other || 0), 0);
  }

  get log() {
    return this.invokers.map((invoker, id) => `--- invoker${id}\n${invoker.log}`).join('\n');
  }

  async end() {
    await Promise.all(this.invokers.map(invoker => invoker.stop()));  // they take their sandboxes with them
    this.wires.forEach(wire => wire.close());
    this.folders.forEach(remove);
  }
}
