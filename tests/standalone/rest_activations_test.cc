// Reading the records of activations.
#include "rest_world.h"

namespace {

using base::Json;
using invoker::StatusCode;

const std::string kActivations = "/api/v1/namespaces/_/activations";

class RestActivations : public RestTest {
 protected:
  RestActivations() { put_hello(); }
  std::string run(const std::string& result = R"({"x":1})") {
    EXPECT_EQ(call("POST", kActions + "hello").status(), 202);
    complete(StatusCode::kSuccess, result);
    return invoke.messages().back().activation_id;
  }
};

TEST_F(RestActivations, ARecordIsShownWholeOrInParts) {
  const std::string id = run();
  const auto whole = call("GET", kActivations + "/" + id);
  EXPECT_EQ(whole.json(), Json::parse(R"({"namespace":"guest","name":"hello","version":"0.0.1",
    "subject":"guest","publish":false,"activationId":")" +
                                      id + R"(",
    "start":1700000000000,"end":1700000000010,"duration":10,
    "response":{"status":"success","success":true,"result":{"x":1},"size":7},
    "logs":["2026-01-01T00:00:00.000000000Z stdout: hi"],
    "annotations":[{"key":"path","value":"guest/hello"},{"key":"kind","value":"nodejs:20"}]})")
                              .value())
      << whole.body();
  EXPECT_EQ(call("GET", kActivations + "/" + id + "/").json(), whole.json());
  EXPECT_EQ(
      call("GET", kActivations + "/" + id + "/result").json(),
      Json::parse(R"({"status":"success","success":true,"result":{"x":1},"size":7})").value());
  EXPECT_EQ(call("GET", kActivations + "/" + id + "/logs").body(),
            R"({"logs":["2026-01-01T00:00:00.000000000Z stdout: hi"]})");
}

TEST_F(RestActivations, ListsAreSummariesOrWholeRecords) {
  const std::string first = run();
  clock.advance(std::chrono::seconds(1));
  const std::string second = run();
  const auto list = call("GET", kActivations).json();
  ASSERT_EQ(list.items().size(), 2u);
  EXPECT_EQ(list.items()[0].find("activationId")->as_string(), second);
  EXPECT_EQ(list.items()[1], Json::parse(R"({"namespace":"guest","name":"hello","version":"0.0.1",
    "publish":false,"activationId":")" + first +
                                         R"(","start":1700000000000,"end":1700000000010,
    "duration":10,"statusCode":0,
    "annotations":[{"key":"path","value":"guest/hello"},{"key":"kind","value":"nodejs:20"}]})")
                                 .value())
      << list.to_string();
  const auto docs = call("GET", kActivations + "?docs=true&limit=1").json();
  ASSERT_EQ(docs.items().size(), 1u);
  EXPECT_EQ(docs.items()[0], call("GET", kActivations + "/" + second).json());
  EXPECT_EQ(call("GET", kActivations + "?count=true&skip=1").body(), R"({"activations":1})");
  EXPECT_EQ(call("GET", kActivations + "?since=1700000001000").json().items().size(), 1u);
  EXPECT_EQ(call("GET", kActivations + "?upto=1700000000999").json().items().size(), 1u);
  EXPECT_EQ(call("GET", kActivations + "?name=hello").json().items().size(), 2u);
  EXPECT_EQ(call("GET", kActivations + "?name=").json().items().size(), 2u);
  EXPECT_EQ(call("GET", kActivations + "?name=pkg%2Fhello").json().items().size(), 0u);
}

TEST_F(RestActivations, PackagedActionsAreFoundUnderTheirPackage) {
  run();
  auto message = invoke.messages().back();
  call("POST", kActions + "hello");
  message = invoke.messages().back();
  message.action_path = "guest/pkg";
  plane->completed(message, activation(message, StatusCode::kSuccess, "{}"));
  EXPECT_EQ(call("GET", kActivations + "?name=pkg/hello").json().items().size(), 1u);
  EXPECT_EQ(call("GET", kActivations + "?name=hello").json().items().size(), 1u);
}

struct Refusal {
  std::string target;
  int status;
  std::string error;
};

TEST_F(RestActivations, BadRequestsAreRefusedWithTheReason) {
  const std::string id(32, 'a');
  for (const Refusal& refusal : std::vector<Refusal>{
           {"/" + std::string(31, 'a'), 400, "Activation id length is 31 but must be 32."},
           {"/" + std::string(32, 'A'), 400, "The activation id is not valid."},
           {"/" + id, 404, "The requested resource does not exist."},
           {"/" + id + "/logs", 404, "The requested resource does not exist."},
           {"/" + id + "/other", 404, "The requested resource could not be found."},
           {"?limit=201", 400,
            "The query parameter 'limit' was malformed:\nThe value '201' is not in the range of 0 "
            "to "
            "200 for activations."},
           {"?since=xxx", 400,
            "The query parameter 'since' was malformed:\nParameter is not a valid value for epoch "
            "seconds: xxx"},
           {"?name=a/b/c", 400,
            "The query parameter 'name' was malformed:\nParameter may be a 'simple' name or "
            "'package-name/simple' name: a/b/c"},
           {"?count=true&docs=true", 400, "The parameter 'docs' is not permitted with 'count'."}}) {
    const auto answer = call("GET", kActivations + refusal.target);
    EXPECT_EQ(answer.status(), refusal.status) << refusal.target;
    EXPECT_EQ(answer.error(), refusal.error) << refusal.target;
  }
  EXPECT_EQ(call("DELETE", kActivations + "/" + id).status(), 405);
  EXPECT_EQ(call("POST", kActivations).status(), 405);
  EXPECT_EQ(call("GET", "/api/v1/namespaces/whisk.system/activations").error(),
            "The supplied authentication is not authorized to access 'whisk.system'.");
}

TEST_F(RestActivations, RecordsAreOfTheInvokingNamespaceOnly) {
  const std::string id = run();
  auto made = request("GET", kActivations + "/" + id);
  made.headers[0].second = kSystemAuth;
  EXPECT_EQ(send(made).status(), 404);
}

}  // namespace
