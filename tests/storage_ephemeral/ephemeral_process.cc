// A node, or a writer, as a process of its own: does what the lines on its standard input say, and
// answers in lines.
//
//   node NAME DIRECTORY STORE PORT PEER=PORT... [alive=ATTEMPT...]
//     create FILE ATTEMPT    -> fd NUMBER
//     close FILE             -> closed
//     settle ATTEMPT yes|no  -> settled
//     read FILE              -> at BYTES..., then end BYTES, error BYTES or wrong BYTES
//     again FILE             -> the same, by an attempt that begins now: what others said is heard
//     first state FILE             -> writing, sealed SIZE, poisoned or none
//   writer PATH FILE SIZE CHUNK
//     writes, a chunk for each line of its input -> at BYTES
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <functional>
#include <future>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <thread>

#include "base/log.h"
#include "content.h"
#include "remote_store.h"
#include "storage_ephemeral/node.h"

namespace storage_ephemeral {
namespace {

constexpr std::size_t kReadBytes = 256 << 10;

void say(const std::string& line) { std::cout << line + "\n" << std::flush; }

storage::NameKey name_of(std::uint64_t file) {
  return {storage::kRootInode, "f" + std::to_string(file)};
}

void wait_for(const std::function<void(DoneStatus)>& ask) {
  std::promise<void> over;
  ask([&](const base::Status&) { over.set_value(); });
  over.get_future().wait();
}

// Reads to the end and looks at every byte.
void read_file(Volume& volume, std::uint64_t file) {
  // The name comes by itself, also when the node that made it died before it could tell.
  while (!volume.find(name_of(file))) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  std::promise<base::Result<OpenFile>> answer;
  volume.open_read(file, "reader", Volume::Visible::kWriting,
                   [&](auto result) { answer.set_value(std::move(result)); });
  const auto opened = answer.get_future().get();
  if (!opened.ok()) return say("error 0");
  std::uint64_t at = 0;
  std::string buffer(kReadBytes, '\0');
  while (true) {
    std::promise<base::Result<std::uint64_t>> there;
    volume.await_bytes(opened->file, at, buffer.size(),
                       [&](auto result) { there.set_value(std::move(result)); });
    const auto length = there.get_future().get();
    if (!length.ok()) {
      say("error " + std::to_string(at));
      break;
    }
    if (*length == 0) {
      say("end " + std::to_string(at));
      break;
    }
    const ssize_t got =
        ::pread(opened->backing.get(), buffer.data(), *length, static_cast<off_t>(at));
    const auto count = static_cast<std::size_t>(got < 0 ? 0 : got);
    if (count != *length || buffer.compare(0, count, content(file, at, count)) != 0) {
      say("wrong " + std::to_string(at));
      break;
    }
    at += count;
    say("at " + std::to_string(at));
  }
  volume.close_read(opened->file);
}

// As everybody can know it: what is being decided is waited for.
std::string state_of(Volume& volume, std::uint64_t file) {
  const Attempt attempt = "w" + std::to_string(file);
  wait_for([&](DoneStatus done) { volume.flush(attempt, std::move(done)); });
  const auto entry = volume.get(file);
  if (!entry) return "none";
  if (entry->record.state == FileState::kWriting) return "writing";
  if (entry->record.state == FileState::kPoisoned) return "poisoned";
  return "sealed " + std::to_string(entry->record.size);
}

class Commands {
 public:
  explicit Commands(Volume& volume) : volume_(volume) {}

  void run(const std::string& line) {
    std::istringstream in(line);
    std::string what;
    in >> what;
    if (what == "settle") {
      std::string attempt, how;
      in >> attempt >> how;
      volume_.settle(attempt, how == "yes" ? Outcome::kSucceeded : Outcome::kDied);
      return say("settled");
    }
    std::uint64_t file = 0;
    in >> file;
    if (what == "create") {
      std::string attempt;
      in >> attempt;
      create(file, attempt);
    } else if (what == "close") {
      volume_.close_write(open_.at(file).file);
      open_.erase(file);
      say("closed");
    } else if (what == "read") {
      read_file(volume_, file);
    } else if (what == "again") {
      wait_for([&](DoneStatus done) { volume_.refresh(std::move(done)); });
      read_file(volume_, file);
    } else {
      say(state_of(volume_, file));
    }
  }

 private:
  void create(std::uint64_t file, const std::string& attempt) {
    NewInode what;
    what.inode = file;
    what.attempt = attempt;
    what.lifetime.kind = Lifetime::Kind::kVolume;
    what.seal = SealWhen::kClose;
    if (!volume_.create(name_of(file), what).ok()) return say("refused");
    auto opened = volume_.open_write(file, attempt, Volume::Rewrite::kTruncate);
    if (!opened.ok()) return say("refused");
    say("fd " + std::to_string(opened->backing.get()));
    open_.emplace(file, std::move(*opened));
  }

  Volume& volume_;
  std::map<std::uint64_t, OpenFile> open_;
};

int run_node(int argc, char** argv) {
  std::map<NodeName, std::uint16_t> peers;
  std::vector<Attempt> alive;
  for (int i = 6; i < argc; ++i) {
    const std::string text = argv[i];
    const std::size_t equals = text.find('=');
    const std::string value = text.substr(equals + 1);
    if (text.substr(0, equals) == "alive") {
      alive.push_back(value);
    } else {
      peers[text.substr(0, equals)] = static_cast<std::uint16_t>(std::stoi(value));
    }
  }
  base::SystemClock clock;
  base::DiscardSink sink;
  RemoteStore store(argv[4]);
  NodeSettings settings{.name = argv[2],
                        .listen = {"127.0.0.1", static_cast<std::uint16_t>(std::stoi(argv[5]))},
                        .trust = SharedKey{"the key of the kill matrix"},
                        .address_of = [&peers](const NodeName& node) -> std::optional<NodeAddress> {
                          const auto found = peers.find(node);
                          if (found == peers.end()) return std::nullopt;
                          return NodeAddress{"127.0.0.1", found->second};
                        },
                        .copy_candidates = {}};
  settings.patience = std::chrono::milliseconds(3000);
  settings.heartbeat = std::chrono::milliseconds(200);
  auto node = Node::start(std::move(settings), store, clock, base::Logger(sink, clock));
  if (!node.ok()) {
    say("failed " + node.error().message);
    return 1;
  }
  auto volume = (*node)->attach("guest/job", argv[3], alive);
  if (!volume.ok()) {
    say("failed " + volume.error().message);
    return 1;
  }
  say("port " + std::to_string((*node)->port()));
  {
    Commands commands(**volume);
    for (std::string line; std::getline(std::cin, line);) commands.run(line);
  }
  volume->reset();
  return 0;
}

int run_writer(char** argv) {
  const int fd = ::open(argv[2], O_WRONLY | O_CLOEXEC);
  if (fd < 0) return 1;
  const std::uint64_t file = std::stoull(argv[3]);
  const std::uint64_t size = std::stoull(argv[4]);
  const std::uint64_t chunk = std::stoull(argv[5]);
  say("ready");
  std::uint64_t at = 0;
  for (std::string line; at < size && std::getline(std::cin, line);) {
    const std::string bytes = content(file, at, std::min(chunk, size - at));
    if (::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at)) !=
        static_cast<ssize_t>(bytes.size())) {
      return 1;
    }
    at += bytes.size();
    say("at " + std::to_string(at));
  }
  for (std::string line; std::getline(std::cin, line);) continue;
  return 0;
}

}  // namespace
}  // namespace storage_ephemeral

int main(int argc, char** argv) {
  if (argc >= 6 && std::string(argv[1]) == "node") return storage_ephemeral::run_node(argc, argv);
  if (argc == 6 && std::string(argv[1]) == "writer") return storage_ephemeral::run_writer(argv);
  return 2;
}
