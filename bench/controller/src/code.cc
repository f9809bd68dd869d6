// The sources of the actions. Each looks first whether its caller wants a mark of the run: a line
// with the activation id, appended to a file or sent to a listener.
#include "controller_sim/behaviour.h"

namespace controller_sim {
namespace {

constexpr std::string_view kPythonMark = R"(
import os, socket, sys, time

def mark(args):
    m = args.get("mark") or {}
    line = (m.get("id", "") + "\n").encode()
    if "file" in m:
        fd = os.open(m["file"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        os.write(fd, line)
        os.close(fd)
    if "host" in m:
        with socket.create_connection((m["host"], m["port"]), 10) as s:
            s.sendall(line)
            s.recv(1)

def main(args):
    mark(args)
)";

constexpr std::string_view kNodeMark = R"(
const fs = require('fs');
const net = require('net');

function mark(args) {
  const m = args.mark || {};
  if (m.file) fs.appendFileSync(m.file, m.id + '\n');
  if (!m.host) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const socket = net.connect(m.port, m.host, () => socket.write(m.id + '\n'));
    socket.on('data', () => { socket.destroy(); resolve(); });
    socket.on('error', reject);
  });
}

function main(args) {
  return mark(args).then(() => deed(args));
}
)";

std::string_view python_deed(Deed deed) {
  switch (deed) {
    case Deed::kNoop:
      return "    return {}\n";
    case Deed::kEcho:
      return "    return args\n";
    case Deed::kSleep:
      return "    time.sleep(args['ms'] / 1000)\n    return {'slept': args['ms']}\n";
    case Deed::kFail:
      return "    return {'error': 'as asked'}\n";
    case Deed::kThrow:
      return "    raise ValueError('as asked')\n";
    case Deed::kResult:
      return "    return {'x': 'y' * args['bytes']}\n";
    case Deed::kLog:
      return "    for i in range(args['lines']):\n        print('line', i)\n"
             "    return {'lines': args['lines']}\n";
    case Deed::kHang:
      return "    while True:\n        time.sleep(1)\n";
    case Deed::kOom:
      return "    kept = []\n    while True:\n        kept.append(bytearray(os.urandom(1) * (8 << "
             "20)))\n";
    case Deed::kExit:
      return "    sys.stdout.flush()\n    os._exit(3)\n";
    case Deed::kInit:
      return "    return {'greeting': os.environ['GREETING'], 'n': args['n']}\n";
  }
  return "";
}

std::string_view node_deed(Deed deed) {
  switch (deed) {
    case Deed::kNoop:
      return "return {};";
    case Deed::kEcho:
      return "return args;";
    case Deed::kSleep:
      return "return new Promise(r => setTimeout(() => r({slept: args.ms}), args.ms));";
    case Deed::kFail:
      return "return {error: 'as asked'};";
    case Deed::kThrow:
      return "throw new Error('as asked');";
    case Deed::kResult:
      return "return {x: 'y'.repeat(args.bytes)};";
    case Deed::kLog:
      return "for (let i = 0; i < args.lines; i++) console.log('line ' + i);"
             " return {lines: args.lines};";
    case Deed::kHang:
      return "return new Promise(() => setInterval(() => {}, 1000));";
    case Deed::kOom:
      return "const kept = []; for (;;) kept.push(Buffer.alloc(8 << 20, 1));";
    case Deed::kExit:
      return "process.exit(3);";
    case Deed::kInit:
      return "return {greeting: process.env.GREETING, n: args.n};";
  }
  return "";
}

base::Error no_language(std::string_view kind) {
  return {base::ErrorCode::kUnsupported,
          "actions are written in python and nodejs only, not for \"" + std::string(kind) + "\""};
}

}  // namespace

base::Result<std::string> code_for(const Behaviour& behaviour, std::string_view kind) {
  if (kind.starts_with("python")) {
    return std::string(kPythonMark) + std::string(python_deed(behaviour.deed));
  }
  if (kind.starts_with("nodejs")) {
    return std::string(kNodeMark) + "function deed(args) { " +
           std::string(node_deed(behaviour.deed)) + " }\n";
  }
  return no_language(kind);
}

base::Result<std::string> health_code_for(std::string_view kind) {
  if (kind.starts_with("python")) return std::string("def main(args):\n    return args\n");
  if (kind.starts_with("nodejs")) return std::string("function main(params) { return params; }");
  return no_language(kind);
}

}  // namespace controller_sim
