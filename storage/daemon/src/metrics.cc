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

void Metrics::add(const std::vector<storage::TierTraffic>& traffic) {
  for (const auto& tier : traffic) {
    Moved& moved = tier.tier == hints::Tier::kDurable ? durable : ephemeral;
    moved.read_local += static_cast<std::uint64_t>(tier.read_local_bytes);
    moved.read_remote += static_cast<std::uint64_t>(tier.read_remote_bytes);
    moved.written += static_cast<std::uint64_t>(tier.written_bytes);
  }
}

std::string Metrics::text(const storage_ephemeral::NodeMetrics& node) const {
  Text text;
  text.family("attempts_total", "counter", "Attempts that were begun.").value(attempts.load());
  text.family("attempts_open", "gauge", "Attempts under way.").value(open_attempts.load());
  text.family("commits_total", "counter", "Attempts that ended, by how.")
      .value(committed.load(), "{result=\"ok\"}")
      .value(conflicts.load(), "{result=\"conflict\"}")
      .value(aborted.load(), "{result=\"aborted\"}")
      .value(failed.load(), "{result=\"failed\"}");
  text.family("publications_total", "counter", "Commits of attempts that went on after them.")
      .value(publications.load());
  text.family("commit_seconds_total", "counter", "Time spent in commits, uploads included.")
      .value(static_cast<double>(commit_microseconds.load()) / 1e6);
  text.family("bytes_total", "counter", "Bytes of files opened or written, by tier and place.");
  for (const auto& [tier, moved] : {std::pair("durable", &durable), {"ephemeral", &ephemeral}}) {
    const std::string labels = std::string("{tier=\"") + tier + "\",op=";
    text.value(moved->read_local.load(), labels + "\"read\",place=\"local\"}")
        .value(moved->read_remote.load(), labels + "\"read\",place=\"remote\"}")
        .value(moved->written.load(), labels + "\"write\",place=\"local\"}");
  }
  text.family("collected_objects_total", "counter", "Of data that nobody can read any more.")
      .value(collected_objects.load());
  text.family("collected_versions_total", "counter", "Of names, the same.")
      .value(collected_versions.load());
  text.family("ephemeral_sent_bytes_total", "counter", "To other nodes.").value(node.bytes_sent);
  text.family("ephemeral_received_bytes_total", "counter", "From other nodes.")
      .value(node.bytes_received);
  text.family("ephemeral_poisoned_total", "counter",
              "Files that were lost while they were written.")
      .value(node.files_poisoned);
  text.family("ephemeral_names_published_total", "counter", "Told to other nodes.")
      .value(node.names_published);
  text.family("ephemeral_batches_published_total", "counter", "Operations of the store for that.")
      .value(node.batches_published);
  text.family("cache_bytes", "gauge", "Durable files copied to this node.")
      .value(cache_bytes.load());
  return text.take();
}

}  // namespace storage_daemon
