#include "metrics.h"

namespace storage_daemon {
namespace {

class Text {
 public:
  Text& family(const std::string& name, const char* type, const char* help) {
    name_ = "larder_storage_" + name;
    text_ += "# HELP " + name_ + " " + help + "\n# TYPE " + name_ + " " + type + "\n";
    return *this;
  }
  template <typename Number>
  Text& value(Number number, const std::string& labels = "") {
    text_ += name_ + labels + " " + std::to_string(number) + "\n";
    return *this;
  }
  std::string take() { return std::move(text_); }

 private:
  std::string name_, text_;
};

}  // namespace

void Metrics::add(const storage::TierTraffic& traffic) {
  read_local += static_cast<std::uint64_t>(traffic.read_local_bytes);
  read_remote += static_cast<std::uint64_t>(traffic.read_remote_bytes);
  written += static_cast<std::uint64_t>(traffic.written_bytes);
}

std::string Metrics::text() const {
  Text text;
  text.family("attempts_total", "counter", "Attempts that were begun.").value(attempts.load());
  text.family("attempts_open", "gauge", "Attempts under way.").value(open_attempts.load());
  text.family("commits_total", "counter", "Attempts that ended, by how.")
      .value(committed.load(), "{result=\"ok\"}")
      .value(conflicts.load(), "{result=\"conflict\"}")
      .value(aborted.load(), "{result=\"aborted\"}")
      .value(failed.load(), "{result=\"failed\"}");
  text.family("commit_seconds_total", "counter", "Time spent in commits, uploads included.")
      .value(static_cast<double>(commit_microseconds.load()) / 1e6);
  text.family("bytes_total", "counter", "Bytes of files opened or written, by tier and place.")
      .value(read_local.load(), "{tier=\"durable\",op=\"read\",place=\"local\"}")
      .value(read_remote.load(), "{tier=\"durable\",op=\"read\",place=\"remote\"}")
      .value(written.load(), "{tier=\"durable\",op=\"write\",place=\"local\"}");
  text.family("cache_bytes", "gauge", "Durable files copied to this node.")
      .value(cache_bytes.load());
  return text.take();
}

}  // namespace storage_daemon
