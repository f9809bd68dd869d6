#include "engine_api.h"

#include <algorithm>
#include <utility>

namespace invoker_docker {
namespace {

using base::ErrorCode;
using base::Json;
using base::milliseconds;
using invoker_http::HttpAnswer;
using invoker_http::HttpRequest;

constexpr std::int64_t kAnswerBytesMax = 64 << 20;  // a list of all containers
constexpr std::size_t kEventBytesMax = 1 << 20;
constexpr milliseconds kPingMax{5'000};
constexpr milliseconds kBridgeMax{1'000};  // asked at the start, only for a warning

ErrorCode code_of(int status) {
  switch (status) {
    case 400:
      return ErrorCode::kInvalidArgument;
    case 404:
      return ErrorCode::kNotFound;
    case 409:
      return ErrorCode::kConflict;
    default:
      return ErrorCode::kInternal;
  }
}

base::Error refusal(const std::string& what, const HttpAnswer& answer) {
  return base::Error{code_of(answer.status), "Docker, asked to " + what + ": " +
                                                 failure_of(answer.body) + " (" +
                                                 std::to_string(answer.status) + ")"};
}

// 304: it is already so.
bool succeeded(int status) { return status / 100 == 2 || status == 304; }

}  // namespace

std::string encoded(std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if ((byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
        (byte >= 'A' && byte <= 'Z') || byte == '-' || byte == '_' || byte == '.') {
      out += letter;
    } else {
      out.append("%").append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 15]);
    }
  }
  return out;
}

base::Result<std::unique_ptr<EngineApi>> EngineApi::connect(const std::string& socket,
                                                            const DockerTimeouts& timeouts) {
  invoker_http::HttpTarget target;
  target.root = "http://docker";
  target.unix_socket = socket;
  std::unique_ptr<EngineApi> api(new EngineApi(std::move(target), timeouts));
  TRY(const std::string answer, api->call("GET", "/version", timeouts.version));
  TRY(const EngineVersion version, parse_version(answer));
  TRY(const std::string chosen, choose_api(version));
  api->root_ = "/v" + chosen;
  return api;
}

base::Result<std::string> EngineApi::call(const std::string& method, const std::string& path,
                                          milliseconds time, std::string body,
                                          Flag cancelled) const {
  HttpRequest request;
  request.method = method;
  request.path = root_ + path;
  request.body = std::move(body);
  request.headers = {"Content-Type: application/json"};
  request.answer_bytes_max = kAnswerBytesMax;
  TRY(HttpAnswer answer, client_.send(request, time, cancelled));
  if (succeeded(answer.status)) return std::move(answer.body);
  return refusal(std::string(method).append(" ").append(path), answer);
}

base::Status EngineApi::act(const std::string& id, const std::string& what, milliseconds time,
                            Flag cancelled) const {
  std::string path = "/containers/" + id;
  path.append("/").append(what);
  TRY([[maybe_unused]] const std::string answer, call("POST", path, time, "", cancelled));
  return {};
}

base::Result<std::string> EngineApi::create(const std::string& name, const Json& body,
                                            Flag cancelled) const {
  TRY(const std::string answer, call("POST", "/containers/create?name=" + encoded(name),
                                     timeouts_.run, body.to_string(), cancelled));
  return parse_created(answer);
}

base::Status EngineApi::start(const std::string& id, Flag cancelled) const {
  return act(id, "start", timeouts_.run, cancelled);
}

base::Result<Inspected> EngineApi::inspect(const std::string& id, const std::string& network,
                                           Flag cancelled) const {
  TRY(const std::string answer,
      call("GET", "/containers/" + id + "/json", timeouts_.inspect, "", cancelled));
  return parse_inspected(answer, network);
}

base::Result<std::string> EngineApi::bridge_of(const std::string& network) const {
  TRY(const std::string answer, call("GET", "/networks/" + encoded(network), kBridgeMax));
  return parse_bridge(answer);
}

// Volumes that the image declares go with it: nobody can name them later.
base::Result<bool> EngineApi::remove_if_there(const std::string& id) const {
  const auto answer =
      call("DELETE", "/containers/" + encoded(id) + "?force=1&v=1", timeouts_.remove);
  if (answer.ok()) return true;
  if (answer.error().code == ErrorCode::kNotFound) return false;
  const bool under_way = answer.error().message.find("already in progress") != std::string::npos;
  if (under_way) return true;
  return answer.error();
}

base::Status EngineApi::remove(const std::string& id) const {
  TRY([[maybe_unused]] const bool was_there, remove_if_there(id));
  return {};
}

base::Status EngineApi::pause(const std::string& id) const {
  return act(id, "pause", timeouts_.pause);
}

base::Status EngineApi::unpause(const std::string& id) const {
  return act(id, "unpause", timeouts_.unpause);
}

base::Status EngineApi::kill(const std::string& id) const {
  return act(id, "kill", timeouts_.pause);
}

// Docker's filter finds the text anywhere in a name.
base::Result<std::vector<Listed>> EngineApi::list(const std::string& name_prefix) const {
  const Json filters = Json::object({{"name", Json::array().append(name_prefix)}});
  TRY(const std::string answer,
      call("GET", "/containers/json?all=1&filters=" + encoded(filters.to_string()),
           timeouts_.list));
  TRY(std::vector<Listed> found, parse_list(answer));
  std::erase_if(found, [&](const Listed& container) {
    return std::ranges::none_of(container.names, [&](const std::string& name) {
      return name.starts_with("/" + name_prefix);
    });
  });
  return found;
}

// The daemon answers 200 before it knows; what went wrong comes as a line of the stream.
base::Status EngineApi::pull(const std::string& image, const std::string& tag,
                             Flag cancelled) const {
  HttpRequest request;
  request.method = "POST";
  request.path = root_ + "/images/create?fromImage=" + encoded(image) + "&tag=" + encoded(tag);
  invoker_http::HttpStream stream(target_);
  Lines lines(kEventBytesMax);
  std::string failure;
  const auto sink = [&](std::string_view bytes) {
    if (!lines.add(bytes)) failure = "its answer has no lines";
    while (auto line = lines.take()) {
      if (auto error = pull_error(*line)) failure = std::move(*error);
    }
    return failure.empty();
  };
  TRY(const HttpAnswer answer,
      stream.read(
          request,
          {.end = std::chrono::steady_clock::now() + timeouts_.pull, .cancelled = cancelled},
          sink));
  if (!succeeded(answer.status)) return refusal("pull " + image + ":" + tag, answer);
  if (failure.empty()) return {};
  return base::Error{ErrorCode::kUnsupported,
                     "Docker, asked to pull " + image + ":" + tag + ": " + failure};
}

base::Status EngineApi::read_logs(const std::string& id, const LogQuery& query,
                                  const Sink& sink) const {
  HttpRequest request;
  request.path = root_ + "/containers/" + id + "/logs?stdout=1&stderr=1&timestamps=1";
  if (query.follow) request.path += "&follow=1";
  const std::int64_t nanoseconds = query.since.time_since_epoch().count();
  if (nanoseconds > 0) {
    const std::string fraction = std::to_string(1'000'000'000 + nanoseconds % 1'000'000'000);
    request.path +=
        "&since=" + std::to_string(nanoseconds / 1'000'000'000) + "." + fraction.substr(1);
  }
  invoker_http::HttpStream stream(target_);
  TRY(const HttpAnswer answer,
      stream.read(request, {.end = query.end, .quiet_max = query.quiet_max}, sink));
  if (succeeded(answer.status)) return {};
  return refusal("give the logs of " + id, answer);
}

base::Status EngineApi::ping() const {
  TRY([[maybe_unused]] const std::string answer,
      call("GET", "/_ping", std::min(kPingMax, timeouts_.version)));
  return {};
}

base::Status EngineApi::follow_events(invoker_http::HttpStream& stream, base::WallTime since,
                                      base::milliseconds quiet_max, const Sink& sink) const {
  HttpRequest request;
  const Json filters = Json::object({{"type", Json::array().append("container")},
                                     {"event", Json::array().append("die").append("pause")}});
  const std::int64_t seconds = base::epoch_ms(since) / 1000;
  request.path = root_ + "/events?filters=" + encoded(filters.to_string()) +
                 "&since=" + std::to_string(seconds);
  Lines lines(kEventBytesMax);
  TRY(const HttpAnswer answer,
      stream.read(request, {.end = base::Instant::max(), .quiet_max = quiet_max},
                  [&](std::string_view bytes) {
                    if (!lines.add(bytes)) return false;
                    while (auto line = lines.take()) {
                      if (!sink(*line)) return false;
                    }
                    return true;
                  }));
  if (!succeeded(answer.status)) return refusal("tell its events", answer);
  return base::Error{ErrorCode::kUnavailable, "Docker's events have ended"};
}

}  // namespace invoker_docker
