// Sees that README.md's map has every folder of the tree, and every command of ./dev.
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const NOT_OURS = new Set(['.git', '.cache', 'build']);
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const faults = [];

const folders = readdirSync(root, {withFileTypes: true}).filter(entry => entry.isDirectory() && !NOT_OURS.has(entry.name));
const rows = readme.split('\n').filter(line => line.startsWith('| `')).map(line => line.split('|')[1]);
for (const {name} of folders) if (!rows.some(row => row.includes(`\`${name}/\``))) faults.push(`no row for the folder ${name}/`);
for (const row of rows) {
  for (const [, name] of row.matchAll(/`([a-z.-]+)\/`/g)) if (!existsSync(join(root, name))) faults.push(`there is no folder ${name}/`);
}

const commands = readFileSync(join(root, 'dev'), 'utf8').match(/^ {2}(help .*)\) ;;$/m)[1].split(' | ');
const explained = readFileSync(join(root, 'scripts/help.sh'), 'utf8');
for (const command of commands) {
  if (!rows.some(row => row.includes(`\`./dev ${command}\``))) faults.push(`no row for ./dev ${command}`);
  if (!new RegExp(`^ {2}${command}\\b`, 'm').test(explained)) faults.push(`./dev help does not explain ${command}`);
}

for (const fault of faults) console.error(`README.md: ${fault}`);
process.exit(faults.length === 0 && commands.length > 0 && folders.length > 0 ? 0 : 1);
