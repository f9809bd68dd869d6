#include "answers.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/json.h"

namespace invoker_docker {
namespace {

using base::Json;

constexpr std::pair<int, int> kApiWritten{1, 41};
constexpr std::pair<int, int> kApiLeast{1, 24};
constexpr std::size_t kFailureLengthMax = 1024;
constexpr std::size_t kBridgeIdLength = 12;  // so much of a network's id is in its bridge's name

base::Error unreadable(const std::string& what) {
  return base::Error{base::ErrorCode::kInternal, "Docker's answer has no " + what};
}

std::string text_at(const Json& object, std::string_view key) {
  const Json* const member = object.find(key);
  return member != nullptr && member->is_string() ? member->as_string() : "";
}

bool flag_at(const Json& object, std::string_view key) {
  const Json* const member = object.find(key);
  return member != nullptr && member->is_bool() && member->as_bool();
}

const Json* object_at(const Json& object, std::string_view key) {
  const Json* const member = object.find(key);
  return member != nullptr && member->is_object() ? member : nullptr;
}

std::optional<std::pair<int, int>> parse_api(std::string_view text) {
  std::pair<int, int> version;
  const std::size_t point = text.find('.');
  if (point == std::string_view::npos) return std::nullopt;
  const char* const end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), text.data() + point, version.first);
  const auto minor = std::from_chars(text.data() + point + 1, end, version.second);
  if (major.ec != std::errc() || minor.ec != std::errc() || minor.ptr != end) return std::nullopt;
  return version;
}

std::string address_in(const Json& answer, const std::string& network) {
  const Json* const settings = object_at(answer, "NetworkSettings");
  if (settings == nullptr) return "";
  const Json* const networks = object_at(*settings, "Networks");
  if (networks == nullptr) return "";
  const Json* const own = object_at(*networks, network);
  return own == nullptr ? "" : text_at(*own, "IPAddress");
}

}  // namespace

base::Result<EngineVersion> parse_version(std::string_view text) {
  TRY(const Json answer, Json::parse(text));
  EngineVersion version{text_at(answer, "ApiVersion"), text_at(answer, "MinAPIVersion")};
  if (!parse_api(version.api_max)) return unreadable("version");
  return version;
}

base::Result<std::string> choose_api(const EngineVersion& version) {
  const auto most = parse_api(version.api_max);
  const auto least = parse_api(version.api_min).value_or(kApiLeast);
  if (!most || *most < kApiLeast) {
    return base::Error{base::ErrorCode::kUnsupported,
                       "the Docker daemon is too old: its API is " + version.api_max};
  }
  const auto chosen = std::max(std::min(*most, kApiWritten), least);
  return std::to_string(chosen.first) + "." + std::to_string(chosen.second);
}

base::Result<Inspected> parse_inspected(std::string_view text, const std::string& network) {
  TRY(const Json answer, Json::parse(text));
  Inspected container;
  container.id = text_at(answer, "Id");
  if (container.id.empty()) return unreadable("id");
  container.log_path = text_at(answer, "LogPath");
  container.address = address_in(answer, network);
  const Json* const state = object_at(answer, "State");
  if (state == nullptr) return unreadable("state");
  container.running = flag_at(*state, "Running");
  container.paused = flag_at(*state, "Paused");
  container.oom_killed = flag_at(*state, "OOMKilled");
  const Json* const pid = state->find("Pid");
  const auto number = pid == nullptr ? std::nullopt : pid->as_int64();
  if (number && *number > 0 && *number < (1 << 30)) container.pid = static_cast<int>(*number);
  return container;
}

base::Result<std::string> parse_bridge(std::string_view text) {
  TRY(const Json answer, Json::parse(text));
  const std::string id = text_at(answer, "Id");
  if (id.empty()) return unreadable("id");
  if (text_at(answer, "Driver") != "bridge") return std::string();
  const Json* const options = object_at(answer, "Options");
  std::string name = options == nullptr ? "" : text_at(*options, "com.docker.network.bridge.name");
  return name.empty() ? "br-" + id.substr(0, kBridgeIdLength) : name;
}

base::Result<std::string> parse_created(std::string_view text) {
  TRY(const Json answer, Json::parse(text));
  std::string id = text_at(answer, "Id");
  if (id.empty()) return unreadable("id");
  return id;
}

base::Result<std::vector<Listed>> parse_list(std::string_view text) {
  TRY(const Json answer, Json::parse(text));
  if (!answer.is_array()) return unreadable("list");
  std::vector<Listed> list;
  for (const Json& item : answer.items()) {
    Listed container{text_at(item, "Id"), {}, text_at(item, "State") == "paused"};
    const Json* const names = item.find("Names");
    if (container.id.empty() || names == nullptr || !names->is_array()) continue;
    for (const Json& name : names->items()) {
      if (name.is_string()) container.names.push_back(name.as_string());
    }
    list.push_back(std::move(container));
  }
  return list;
}

std::optional<Event> parse_event(std::string_view line) {
  const auto answer = Json::parse(line);
  if (!answer.ok()) return std::nullopt;
  Event event{text_at(*answer, "Action"), ""};
  if (const Json* const actor = object_at(*answer, "Actor")) event.id = text_at(*actor, "ID");
  if (event.id.empty()) event.id = text_at(*answer, "id");
  if (event.action.empty() || event.id.empty()) return std::nullopt;
  return event;
}

std::optional<std::string> pull_error(std::string_view line) {
  const auto answer = Json::parse(line);
  if (!answer.ok()) return std::nullopt;
  std::string error = text_at(*answer, "error");
  if (error.empty()) return std::nullopt;
  return error.substr(0, kFailureLengthMax);
}

std::string failure_of(std::string_view text) {
  const auto answer = Json::parse(text);
  std::string sentence = answer.ok() ? text_at(*answer, "message") : "";
  if (sentence.empty()) sentence = text;
  return sentence.substr(0, kFailureLengthMax);
}

bool Lines::add(std::string_view bytes) {
  text_ += bytes;
  return text_.size() <= line_bytes_max_ || text_.find('\n') <= line_bytes_max_;
}

std::optional<std::string> Lines::take() {
  const std::size_t end = text_.find('\n');
  if (end == std::string::npos) return std::nullopt;
  std::string line = text_.substr(0, end);
  text_.erase(0, end + 1);
  return line;
}

}  // namespace invoker_docker
