#include "rest_world.h"

const std::string kGuestAuth =
    "Basic MjNiYzQ2YjEtNzFmNi00ZWQ1LThjNTQtODE2YWE0ZjhjNTAyOjEyM3pPM3haQ0xyTU42djJCS0sxZFhZRnBYbFBr"
    "Y2NPRnFtMTJDZEFzTWdSVTRWck5aOWx5R1ZDR3VNREdJd1A=";
const std::string kSystemAuth =
    "Basic Nzg5YzQ2YjEtNzFmNi00ZWQ1LThjNTQtODE2YWE0ZjhjNTAyOmFiY3pPM3haQ0xyTU42djJCS0sxZFhZRnBYbFBr"
    "Y2NPRnFtMTJDZEFzTWdSVTRWck5aOWx5R1ZDR3VNREdJd1A=";
const std::string kActions = "/api/v1/namespaces/_/actions/";

namespace {

constexpr const char* kManifest = R"({"runtimes":{
  "nodejs":[{"kind":"nodejs:20","default":true,"image":{"prefix":"openwhisk","name":"node","tag":"1"},
             "attached":{"attachmentName":"codefile","attachmentType":"text/plain"}},
            {"kind":"nodejs:10","deprecated":true,"image":{"name":"old"}}],
  "python":[{"kind":"python:3","image":{"name":"python"}}],
  "java":[{"kind":"java:8","image":{"name":"java"},"requireMain":true}]}})";

}  // namespace

std::string CountedIds::activation_id() {
  std::string digits = std::to_string(++next_);
  return std::string(32 - digits.size(), 'a') + digits;
}

std::string CountedIds::transaction_id() {
  std::string digits = std::to_string(++next_);
  return std::string(32 - digits.size(), 'T') + digits;
}

std::string Received::error() const {
  const base::Json parsed = json();
  const base::Json* error = parsed.find("error");
  const base::Json* code = parsed.find("code");
  if (error == nullptr || code == nullptr || parsed.members().size() != 2)
    return "no error: " + body();
  EXPECT_EQ(code->as_string(), header("X-Request-ID"));
  return error->as_string();
}

std::string Received::header(const std::string& name) const {
  const std::string* value = slot->value().header(name);
  return value == nullptr ? "" : *value;
}

void RestTest::make() {
  config.users = standalone::Users::well_known();
  config.runtimes = standalone::Runtimes::parse(base::Json::parse(kManifest).value()).value();
  plane = std::make_unique<standalone::ControlPlane>(
      config,
      standalone::ControlPlaneOutside{entities, activations, library, invoke, timer, ids, clock});
}

standalone::Request RestTest::request(const std::string& method, const std::string& target,
                                      const std::string& body) {
  standalone::Request made;
  made.method = method;
  made.target = target;
  made.headers = {{"Authorization", kGuestAuth}};
  made.body = body;
  if (!body.empty()) made.headers.emplace_back("Content-Type", "application/json");
  return made;
}

Received RestTest::send(standalone::Request made) {
  Received received;
  plane->handle(std::move(made), standalone::Responder([slot = received.slot](auto response) {
                  *slot = std::move(response);
                }));
  return received;
}

Received RestTest::call(const std::string& method, const std::string& target,
                        const std::string& body) {
  return send(request(method, target, body));
}

void RestTest::put_hello() {
  const auto answer = call("PUT", kActions + "hello",
                           R"({"exec":{"kind":"nodejs:default","code":"function main(){}"}})");
  ASSERT_EQ(answer.status(), 200) << answer.body();
}

invoker::Activation RestTest::activation(const invoker::ActivationMessage& message,
                                         invoker::StatusCode code,
                                         const std::string& result) const {
  invoker::Activation made;
  made.activation_id = message.activation_id;
  made.namespace_name = message.user.namespace_name;
  made.subject = message.user.subject;
  made.name = message.action_name;
  made.version = message.action_version.value_or("0.0.1");
  made.start_ms = base::epoch_ms(clock.wall());
  made.end_ms = made.start_ms + 10;
  made.duration_ms = 10;
  made.response.code = code;
  made.response.result = base::Json::parse(result).value();
  made.response.size = static_cast<std::int64_t>(result.size());
  made.logs = {"2026-01-01T00:00:00.000000000Z stdout: hi"};
  made.annotations.append(base::Json::object({{"key", "path"}, {"value", message.action_id()}}));
  made.annotations.append(base::Json::object({{"key", "kind"}, {"value", "nodejs:20"}}));
  return made;
}

void RestTest::complete(invoker::StatusCode code, const std::string& result) {
  const auto messages = invoke.messages();
  ASSERT_FALSE(messages.empty());
  plane->completed(messages.back(), activation(messages.back(), code, result));
}
