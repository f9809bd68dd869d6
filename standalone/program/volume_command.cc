#include "volume_command.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdio>
#include <thread>

#include "base/text.h"

namespace program {

using base::Error;
using base::ErrorCode;
using base::Json;
using base::Result;
using base::Status;
using storage_control::ControlClient;
using storage_control::decode_bytes;
using storage_control::Place;

namespace {

constexpr const char* kSocket = "/run/larder/storaged.sock";
constexpr const char* kGuest = "guest";
constexpr std::chrono::milliseconds kPatience{3000};
constexpr std::chrono::milliseconds kProgressEvery{200};

std::string text_of(const Json& json, const char* key) {
  const Json* found = json.find(key);
  if (found == nullptr) return "";
  return found->is_string() ? found->as_string() : found->to_string();
}

// Names hold any bytes: what a terminal would act on is shown as it travels.
std::string shown(const Json& entry) { return text_of(entry, "name"); }

void print_entry(const Json& entry) {
  if (entry.find("namespace") != nullptr) {
    std::printf("%s/%s\n", text_of(entry, "namespace").c_str(), text_of(entry, "name").c_str());
    return;
  }
  const std::string state = text_of(entry, "state");
  std::printf("%-9s %-9s %-8s %04o %5s:%-5s %14s  %s\n", text_of(entry, "type").c_str(),
              text_of(entry, "tier").c_str(), state.empty() ? "-" : state.c_str(),
              static_cast<unsigned>(entry.find("mode")->as_int64().value_or(0)),
              text_of(entry, "uid").c_str(), text_of(entry, "gid").c_str(),
              text_of(entry, "bytes").c_str(), shown(entry).c_str());
}

bool is_place(const std::string& text) { return text.find(':') != std::string::npos; }

// Says how far the copy is while it runs, on a terminal.
class Progress {
 public:
  Progress(int fd, std::int64_t total)
      : thread_([fd, total](const std::stop_token& stop) {
          if (::isatty(STDERR_FILENO) == 0) return;
          while (!stop.stop_requested()) {
            std::this_thread::sleep_for(kProgressEvery);
            const auto done = static_cast<std::int64_t>(::lseek(fd, 0, SEEK_CUR));
            if (total > 0) {
              std::fprintf(stderr, "\r%3lld %%", static_cast<long long>(100 * done / total));
            } else {
              std::fprintf(stderr, "\r%lld bytes", static_cast<long long>(done));
            }
          }
          std::fprintf(stderr, "\r            \r");
        }) {}

 private:
  std::jthread thread_;
};

}  // namespace

Result<Place> parse_place(const std::string& text) {
  Place place;
  const auto colon = text.find(':');
  std::string volume = text.substr(0, colon);
  if (colon != std::string::npos) place.path = text.substr(colon + 1);
  const auto slash = volume.find('/');
  place.namespace_name = slash == std::string::npos ? kGuest : volume.substr(0, slash);
  if (slash != std::string::npos) volume.erase(0, slash + 1);
  place.volume = std::move(volume);
  if (place.volume.empty() || place.namespace_name.empty() ||
      place.volume.find('/') != std::string::npos) {
    return Error{ErrorCode::kInvalidArgument,
                 base::quoted(text) + " is neither VOLUME nor NAMESPACE/VOLUME, with :PATH behind"};
  }
  return place;
}

void VolumeCommand::add_to(CLI::App& app) {
  socket_ = kSocket;
  volume_ = app.add_subcommand("volume",
                               "See and change what is in the volumes of this node's "
                               "larder-storaged.");
  volume_->require_subcommand(1);
  volume_->add_option("--socket", socket_, "Its control socket (/run/larder/storaged.sock)");
  volume_->add_flag("--json", json_, "Print answers as they come");
  ls_ = volume_->add_subcommand("ls", "List volumes, or a directory of one");
  stat_ = volume_->add_subcommand("stat", "Everything known of a file or a volume");
  du_ = volume_->add_subcommand("du", "Count files and bytes");
  rm_ = volume_->add_subcommand("rm", "Remove a file, an empty directory, or a whole volume");
  gc_ = volume_->add_subcommand("gc", "Remove now what nobody needs any more");
  fsck_ = volume_->add_subcommand("fsck", "Look for what a crash may have left");
  share_ = volume_->add_subcommand("share", "Let the actions of another namespace use a volume");
  unshare_ = volume_->add_subcommand("unshare", "Take that back; who has it open goes on");
  for (CLI::App* const one : {share_, unshare_}) {
    one->add_option("place", place_, "[NAMESPACE/]VOLUME")->required();
    one->add_option("--with", with_, "The other namespace")->required();
  }
  share_->add_flag("--read-only", read_only_, "It may read, and nothing else");
  metrics_ = volume_->add_subcommand("metrics", "What the daemon counts, as Prometheus reads it");
  cp_ = volume_->add_subcommand("cp", "Copy a file into a volume or out of one");
  for (CLI::App* const one : {ls_, gc_, fsck_}) {
    one->add_option("place", place_, "[NAMESPACE/]VOLUME[:PATH]; all volumes without it");
  }
  for (CLI::App* const one : {stat_, du_, rm_}) {
    one->add_option("place", place_, "[NAMESPACE/]VOLUME[:PATH]")->required();
  }
  cp_->add_option("from", from_, "A file, or [NAMESPACE/]VOLUME:PATH")->required();
  cp_->add_option("to", to_, "The same")->required();
  cp_->add_flag("--make", make_volume_, "Make the volume where it is missing");
  rm_->add_flag("--whole-volume", whole_volume_, "Yes, everything");
  fsck_->add_flag("--repair", repair_, "Mend what is found");
}

bool VolumeCommand::parsed() const { return volume_->parsed(); }

int VolumeCommand::run() {
  const Status done = run_parsed();
  if (done) return 0;
  std::fprintf(stderr, "larder: %s\n", done.error().message.c_str());
  return 1;
}

Result<std::unique_ptr<ControlClient>> VolumeCommand::connect() const {
  storage_control::ControlClientOptions options;
  options.socket = socket_;
  options.patience = kPatience;
  return ControlClient::connect(std::move(options));
}

Status VolumeCommand::run_parsed() {
  TRY(const auto client, connect());
  if (cp_->parsed()) return copy(*client);
  if (ls_->parsed()) return list(*client);
  if (metrics_->parsed()) return show_metrics(*client);
  Place place;
  if (!place_.empty()) {
    TRY(place, parse_place(place_));
  }
  if (stat_->parsed()) return show(*client, storage_control::Stat{place});
  if (du_->parsed()) return show(*client, storage_control::Usage{place});
  if (rm_->parsed()) return show(*client, storage_control::Remove{place, whole_volume_});
  if (share_->parsed()) {
    return show(*client, storage_control::Share{place, with_, read_only_});
  }
  if (unshare_->parsed()) return show(*client, storage_control::Unshare{place, with_});
  if (gc_->parsed()) return show(*client, storage_control::Collect{place});
  return show(*client, storage_control::Check{place, repair_});
}

Status VolumeCommand::show(ControlClient& client, const storage_control::Call& call) const {
  TRY(const Json answer, client.ask(call));
  std::printf("%s\n", json_ ? answer.to_string().c_str() : answer.to_pretty_string().c_str());
  return {};
}

Status VolumeCommand::show_metrics(ControlClient& client) {
  TRY(const Json answer, client.ask(storage_control::Metrics{}));
  std::fputs(text_of(answer, "text").c_str(), stdout);
  return {};
}

Status VolumeCommand::list(ControlClient& client) const {
  storage_control::List call;
  if (!place_.empty()) {
    TRY(call.place, parse_place(place_));
  }
  while (true) {
    TRY(const Json answer, client.ask(call));
    const Json* entries = answer.find("entries");
    for (const Json& entry : entries != nullptr ? entries->items() : Json::Array{}) {
      if (json_) {
        std::printf("%s\n", entry.to_string().c_str());
      } else {
        print_entry(entry);
      }
    }
    TRY(call.after, decode_bytes(text_of(answer, "after")));
    if (call.after.empty()) return {};
  }
}

Status VolumeCommand::copy(ControlClient& client) const {
  const bool in = is_place(to_);
  if (in == is_place(from_)) {
    return Error{ErrorCode::kInvalidArgument,
                 "one of the two must be VOLUME:PATH, and the other a file of this machine"};
  }
  const std::string& file = in ? from_ : to_;
  const base::UniqueFd fd(
      in ? ::open(file.c_str(), O_RDONLY | O_CLOEXEC)
         : ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  struct stat stat{};
  if (!fd.valid() || ::fstat(fd.get(), &stat) != 0) return base::error_from_errno(errno, file);
  storage_control::Copy call;
  TRY(call.place, parse_place(in ? to_ : from_));
  call.into_volume = in;
  call.make_volume = make_volume_;
  Result<Json> answer = Json();
  {
    const Progress progress(fd.get(), in ? stat.st_size : 0);
    answer = client.ask(call, fd.get());
  }
  TRY(const Json told, std::move(answer));
  std::printf("%s bytes\n", text_of(told, "bytes").c_str());
  return {};
}

}  // namespace program
