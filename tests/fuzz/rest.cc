// Requests of any shape into the control plane, and any bytes into the HTTP server's socket.
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <memory>

#include "base/unique_fd.h"
#include "standalone/control_plane.h"
#include "standalone/http_server.h"
#include "testing/fake_clock.h"
#include "testing/fake_invoke.h"
#include "testing/fake_timer.h"
#include "testing/memory_activation_store.h"
#include "testing/memory_entity_store.h"

namespace {

constexpr const char* kManifest =
    R"({"runtimes":{"python":[{"kind":"python:3","image":{"name":"python"}}]}})";
constexpr const char* kAuth =
    "Basic MjNiYzQ2YjEtNzFmNi00ZWQ1LThjNTQtODE2YWE0ZjhjNTAyOjEyM3pPM3haQ0xyTU42djJCS0sxZFhZRnBYbFBr"
    "Y2NPRnFtMTJDZEFzTWdSVTRWck5aOWx5R1ZDR3VNREdJd1A=";

standalone::ControlPlaneConfig make_config() {
  standalone::ControlPlaneConfig config;
  config.users = standalone::Users::well_known();
  config.runtimes = standalone::Runtimes::parse(base::Json::parse(kManifest).value()).value();
  return config;
}

invoker::Activation finished(const invoker::ActivationMessage& message) {
  invoker::Activation activation;
  activation.activation_id = message.activation_id;
  activation.namespace_name = message.user.namespace_name;
  activation.name = message.action_name;
  activation.response.result = message.content;
  return activation;
}

// A platform whose actions answer with what they are given.
struct World {
  testing_support::MemoryEntityStore entities;
  testing_support::MemoryActivationStore activations;
  standalone::ActionLibrary library{entities};
  testing_support::FakeInvoke invoke;
  testing_support::FakeTimer timer;
  testing_support::FakeClock clock;
  standalone::RandomIds ids;
  standalone::ControlPlane plane{make_config(),
                                 {entities, activations, library, invoke, timer, ids, clock}};

  World() {
    invoke.complete_at_once([this](const invoker::ActivationMessage& message) {
      plane.completed(message, finished(message));
    });
  }
};

// Every request is answered, once, with a status; errors carry their two members.
void check_answer(const standalone::Response& response) {
  CHECK(response.status >= 200 && response.status < 600);
  const std::string* type = response.header("Content-Type");
  CHECK(type != nullptr && response.header("X-Request-ID") != nullptr);
  if (*type != "application/json") return;
  CHECK(base::Json::parse(response.body).ok());
}

// The first line is the target, the next ones up to an empty one are headers, the rest is the body.
standalone::Request request_of(const std::string& method, std::string_view text) {
  standalone::Request request;
  request.method = method;
  request.headers.emplace_back("Authorization", kAuth);
  bool first = true;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.empty() && !first) break;
    const std::size_t colon = std::min(line.find(':'), line.size());
    if (first) {
      request.target = "/api/v1/namespaces/" + std::string(line);
    } else {
      request.headers.emplace_back(line.substr(0, colon),
                                   line.substr(std::min(colon + 1, line.size())));
    }
    first = false;
  }
  request.body = text;
  if (!request.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  return request;
}

void fuzz_plane(World& world, std::string_view text) {
  static const char* const kMethods[] = {"GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", ""};
  const auto which = text.empty() ? 0 : static_cast<unsigned char>(text.front()) % 7;
  standalone::Request request = request_of(kMethods[which], text.substr(text.empty() ? 0 : 1));
  (void)world.plane.is_quick(request);
  int answers = 0;
  world.plane.handle(std::move(request), standalone::Responder([&](standalone::Response response) {
                       ++answers;
                       check_answer(response);
                     }));
  CHECK(answers == 1);
}

// Bytes in, then the end of the stream; the server must close in the end.
void fuzz_server(standalone::HttpServer& server, std::string_view bytes) {
  int ends[2];
  CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
  const base::UniqueFd ours(ends[0]);
  CHECK(server.adopt(ends[1]).ok());
  (void)!::send(ours.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  pollfd answer{ours.get(), POLLIN, 0};
  ::poll(&answer, 1, 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static auto world = std::make_unique<World>();
  static int calls = 0;
  static standalone::HttpServerConfig config = [] {
    standalone::HttpServerConfig made;
    made.port = 0;
    made.threads = 1;
    return made;
  }();
  static const auto server =
      standalone::HttpServer::start(config, [](standalone::Request request,
                                               standalone::Responder responder) {
        responder.send({200, {}, std::move(request.target)});
      }).value();
  // What the stores keep would otherwise grow for ever.
  if (++calls % 2000 == 0) world = std::make_unique<World>();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (!text.empty() && text.front() == '\x01') {
    fuzz_server(*server, text.substr(1));
  } else {
    fuzz_plane(*world, text);
  }
  return 0;
}
