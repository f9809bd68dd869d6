// Sees that every trap of TRAPS.md has a row, and that the tests that a row names are there.
import {readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

const TRAPS = 65;
const here = dirname(fileURLToPath(import.meta.url));
const faults = [];
const sources = new Map();
const source = file => {
  if (!sources.has(file)) sources.set(file, readFileSync(join(here, file), 'utf8').replaceAll('\\\'', '\''));
  return sources.get(file);
};
const isGone = (file, name) => {
  const [suite, test] = name.split('.');
  return !new RegExp(`TEST(_F|_P)?\\(\\s*${suite},\\s*${test}\\s*\\)`).test(source(file));
};

const rows = readFileSync(join(here, 'TRAPS.md'), 'utf8').split('\n').filter(line => /^\| [0-9]+ \|/.test(line));
rows.forEach((row, index) => {
  const [, number, held] = row.match(/^\| ([0-9]+) \| .* \| (.*) \|$/);
  if (Number(number) !== index + 1) faults.push(`the row of trap ${index + 1} is missing`);
  if (/^(no|not yet): /.test(held)) return;
  for (const test of held.split('<br>')) {
    const [, file, name, title] = test.match(/^(\S+): (?:`(\S+)`|"(.*)")$/) ?? [];
    if (!file) faults.push(`trap ${number}: what is "${test}"?`);
    else if (name ? isGone(file, name) : !source(file).includes(title)) faults.push(`trap ${number}: ${file} has no ${name ?? title}`);
  }
});
if (rows.length !== TRAPS) faults.push(`${rows.length} rows for ${TRAPS} traps`);
faults.forEach(fault => console.log(fault));
process.exit(faults.length ? 1 : 0);
