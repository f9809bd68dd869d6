// A Docker daemon for the invoker under test: images of the runtimes, and the settings that lead to them.
import {execFile} from 'node:child_process';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';

import {manifest} from './invoker.mjs';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const PROXY = process.env.INVOKER_UNDER_TEST && join(dirname(process.env.INVOKER_UNDER_TEST), 'larder-proxy');

export class Docker {
  // `daemon`: a service, as service() or ownService() gives it.
  constructor(daemon) {
    this.daemon = daemon;
    this.manifest = manifest(process.version.match(/^v(\d+)/)[1]);
  }

  // What the client prints. Debian's client comes first: another, newer one may be there.
  async run(program, ...args) {
    const env = {...process.env, PATH: `/usr/bin:${process.env.PATH}`, DOCKER_HOST: `unix://${this.daemon.address}`,
      DOCKER_BUILDKIT: '0', LARDER_PROXY: PROXY};
    return (await run(program, args, {env, maxBuffer: 1 << 24})).stdout.trim();
  }
  docker(...args) {
    return this.run('docker', ...args);
  }

  // The images that the manifest names.
  async buildRuntimes() {
    for (const [runtime, name] of [['python', 'action-python-v3'], ['nodejs', 'action-nodejs-v20']]) {
      await this.run(join(root, 'docker/runtimes/build.sh'), runtime, `larder/${name}`, 'larder-base');
    }
  }

  // An image whose runtime does one thing wrong, when `path` is called, and a kind for it.
  async addFaulty(fault, path) {
    const name = `faulty-${fault}-${path}`.replaceAll(' ', '-');
    const folder = join(root, 'tests/invoker_docker');
    await this.docker('build', '-q', '-t', `larder/${name}`, '-f', join(folder, 'faulty.Dockerfile'),
        '--build-arg', `FAULT=${fault}`, '--build-arg', `FAULT_AT=/${path}`, folder);
    const kind = `python:${name}`;
    const image = {prefix: 'larder', name, tag: 'latest'};
    this.manifest.runtimes[name] = [{kind, image, attached: {attachmentName: 'codefile', attachmentType: 'text/plain'}}];
    return kind;
  }

  get settings() {
    return {
      CONFIG_larder_containers: 'docker',
      CONFIG_larder_docker_socket: this.daemon.address,
      CONFIG_larder_docker_folder: join(this.daemon.folder, 'data/root/containers'),
      RUNTIMES_MANIFEST: JSON.stringify(this.manifest),
    };
  }

  // The address of this machine that containers reach.
  gateway() {
    return this.docker('network', 'inspect', 'bridge', '-f', '{{(index .IPAM.Config 0).Gateway}}');
  }

  // The ids of the containers of an invoker, whatever their state.
  async containersOf(invoker) {
    const ids = await this.docker('ps', '-aq', '--no-trunc', '--filter', `name=wsk${invoker.prefix}0_`);
    return ids.split('\n').filter(id => id);
  }
}
