// The launcher of node actions: one JSON line in, one JSON line out on descriptor 3.
//
// The first line is {"init": {"main", "env", "source", "binary"}}; the code is then in the current folder.
// Every further line is one call. A line out that begins with "!" is a failure.
'use strict';

const fs = require('fs');
const path = require('path');
const vm = require('vm');
const { StringDecoder } = require('string_decoder');
const Module = require('module');

const kNoDictionary = 'The action did not return a dictionary.';
let main = null;
let failed = false;

function answer(text) {
  const bytes = Buffer.from(text + '\n', 'utf8');
  let done = 0;
  while (done < bytes.length) {
    try {
      done += fs.writeSync(3, bytes, done);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}

const failure = (text) => '!' + JSON.stringify({ error: text });
const describe = (error) => (error && error.stack ? String(error.stack) : String(error));

function check(found, name) {
  if (typeof found !== 'function') throw `Action entrypoint '${name}' is not a function.`;
  return found;
}

// "a.b" names a member of a member.
function find(exported, name) {
  const step = (value, key) => (value === null || value === undefined ? undefined : value[key]);
  return check(name.split('.').reduce(step, exported), name);
}

async function loadFolder(folder, name) {
  if (!fs.existsSync(path.join(folder, 'package.json')) && !fs.existsSync(path.join(folder, 'index.js'))) {
    throw 'Zipped actions must contain either package.json or index.js at the root.';
  }
  try {
    return find(require(folder), name);
  } catch (error) {
    if (!error || error.code !== 'ERR_REQUIRE_ESM') throw error;
    return find(await import(Module.createRequire(folder + '/').resolve(folder)), name);
  }
}

// The source runs as a script of the global scope, where its functions can be found by name, and sees
// `require`, `module` and `exports`.
function loadSource(file, name) {
  const source = fs.readFileSync(file, 'utf8');
  const action = new Module(file, null);
  action.filename = file;
  action.paths = Module._nodeModulePaths(path.dirname(file));
  Object.assign(global, {
    require: Module.createRequire(file),
    module: action,
    exports: action.exports,
    __filename: file,
    __dirname: path.dirname(file),
  });
  const loader = vm.constants && vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
  new vm.Script(source, { filename: file, importModuleDynamically: loader }).runInThisContext();
  const first = name.split('.')[0];
  if (action.exports != null && action.exports[first] !== undefined) return find(action.exports, name);
  if (!/^[\p{ID_Start}$_][\p{ID_Continue}$.\u200c\u200d]*$/u.test(name)) {
    return check(undefined, name);
  }
  return check(vm.runInThisContext(`typeof ${first} === 'undefined' ? undefined : ${name}`), name);
}

async function initialize(order) {
  Object.assign(process.env, order.env);
  const folder = process.cwd();
  const file = path.join(folder, order.source);
  try {
    main = order.binary ? await loadFolder(folder, order.main) : loadSource(file, order.main);
    answer('{"ok":true}');
  } catch (error) {
    failed = true;
    console.error(describe(error));
    answer(failure('Initialization has failed due to: ' + describe(error)));
  }
}

function describeRejection(error) {
  if (!error) return { error: {} };
  if (!(error instanceof Error)) return { error };
  return { error: { name: error.name, message: error.message, stack: error.stack, ...error } };
}

async function settle(result) {
  try {
    const value = await result;
    return value === undefined ? {} : value;
  } catch (error) {
    return describeRejection(error);
  }
}

async function run(request) {
  for (const [key, value] of Object.entries(request)) {
    if (key !== 'value' && typeof value === 'string') process.env['__OW_' + key.toUpperCase()] = value;
  }
  let result;
  try {
    result = main(request.value === undefined || request.value === null ? {} : request.value);
  } catch (error) {
    console.error(error);
    return failure('An error has occurred: ' + error);
  }
  const value = await settle(result);
  if (value === null || typeof value !== 'object') return failure(kNoDictionary);
  try {
    return JSON.stringify(value);
  } catch (error) {
    console.error(error);
    return failure('An error has occurred: ' + error);
  }
}

async function handle(line) {
  if (main === null && !failed) return initialize(JSON.parse(line).init);
  return answer(await run(JSON.parse(line)));
}

function serve() {
  const net = require('net');
  const channel = new net.Socket({ fd: 0, readable: true, writable: false });
  const decoder = new StringDecoder('utf8');
  let parts = [];
  channel.on('data', (chunk) => {
    const text = decoder.write(chunk);
    const end = text.indexOf('\n');
    if (end < 0) return parts.push(text);
    const line = parts.join('') + text.slice(0, end);
    parts = [text.slice(end + 1)];
    handle(line).catch((error) => {
      console.error(error);
      process.exit(1);
    });
  });
  channel.on('end', () => process.exit(0));
}

serve();
