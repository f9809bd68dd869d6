// Creating, reading, listing and deleting actions.
#include "rest_world.h"

namespace {

using base::Json;

const std::string kExec = R"("exec":{"kind":"nodejs:20","code":"c"})";
const std::string kMalformed = "The request content was malformed:\n";

class RestActions : public RestTest {};

TEST_F(RestActions, CreatingAnswersTheWholeAction) {
  const auto answer = call("PUT", kActions + "hello?overwrite=false",
                           R"({"namespace":"_","name":"x","exec":{"kind":" NodeJS:default ",
                           "code":"function main(){}"},"parameters":[{"key":"a","value":1.50}]})");
  ASSERT_EQ(answer.status(), 200) << answer.body();
  EXPECT_EQ(answer.json(), Json::parse(R"({"namespace":"guest","name":"hello","version":"0.0.1",
    "publish":false,"updated":1700000000000,
    "exec":{"kind":"nodejs:20","code":"function main(){}","binary":false},
    "parameters":[{"key":"a","value":1.50}],
    "annotations":[{"key":"provide-api-key","value":false},{"key":"exec","value":"nodejs:20"}],
    "limits":{"concurrency":1,"logs":10,"memory":256,"timeout":60000}})")
                               .value());
  EXPECT_EQ(answer.header("Content-Type"), "application/json");
  EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(call("GET", kActions + "hello").json(), answer.json());
}

TEST_F(RestActions, TheDocumentIsTheOneThatAnInvokerReads) {
  put_hello();
  const auto entity =
      entities.get("guest/hello", standalone::EntityStore::With::kAttachment).value();
  EXPECT_EQ(entity.document.find("entityType")->as_string(), "action");
  EXPECT_EQ(entity.document.find("_id")->as_string(), "guest/hello");
  EXPECT_EQ(entity.document.find("_rev")->as_string(), entity.revision);
  EXPECT_EQ(*entity.attachment, "function main(){}");
}

TEST_F(RestActions, GettingWithoutCodeLeavesOnlyTheCodeOut) {
  put_hello();
  auto with = call("GET", kActions + "hello?").json();
  with.find("exec")->erase("code");
  EXPECT_EQ(call("GET", kActions + "hello?code=false").json(), with);
}

TEST_F(RestActions, AnUpdateMergesAnnotationsAndReplacesParameters) {
  ASSERT_EQ(call("PUT", kActions + "u", R"({"exec":{"kind":"nodejs:20","code":"c"},"publish":true,
    "parameters":[{"key":"p","value":1},{"key":"q","value":2}],"limits":{"memory":128,"instances":3},
    "annotations":[{"key":"a","value":1},{"key":"b","value":2},{"key":"provide-api-key","value":true}]})")
                .status(),
            200);
  clock.advance(std::chrono::seconds(1));
  const auto answer = call("PUT", kActions + "u?overwrite=true", R"({"delAnnotations":["a"],
    "parameters":[{"key":"r","value":null,"init":true}],"limits":{"timeout":100},
    "annotations":[{"key":"b","value":[3]},{"key":"exec","value":"mine"}]})");
  ASSERT_EQ(answer.status(), 200) << answer.body();
  EXPECT_EQ(answer.json(), Json::parse(R"({"namespace":"guest","name":"u","version":"0.0.2",
    "publish":true,"updated":1700000001000,"exec":{"kind":"nodejs:20","code":"c","binary":false},
    "parameters":[{"key":"r","value":null,"init":true}],
    "annotations":[{"key":"provide-api-key","value":true},{"key":"b","value":[3]},
                   {"key":"exec","value":"nodejs:20"}],
    "limits":{"concurrency":1,"logs":10,"memory":128,"timeout":100,"instances":3}})")
                               .value())
      << answer.body();
  EXPECT_EQ(call("PUT", kActions + "u?overwrite=yes", R"({"version":"2.1"})")
                .json()
                .find("version")
                ->as_string(),
            "2.1.0");
}

TEST_F(RestActions, AnUpdateDoesNotAddTheApiKeyAnnotation) {
  put_hello();
  const auto removed =
      call("PUT", kActions + "hello?overwrite=1", R"({"delAnnotations":["provide-api-key"]})");
  EXPECT_EQ(removed.body().find("provide-api-key"), std::string::npos);
  EXPECT_EQ(call("PUT", kActions + "hello?overwrite=1", "{}").body().find("provide-api-key"),
            std::string::npos);
}

TEST_F(RestActions, UpdatesAndDeletionsTellTheInvoker) {
  put_hello();
  ASSERT_EQ(call("DELETE", kActions + "hello").status(), 200);
  EXPECT_EQ(invoke.forgotten(), (std::vector<std::string>{"guest/hello", "guest/hello"}));
}

TEST_F(RestActions, DeletingAnswersTheActionWithItsCode) {
  put_hello();
  const auto whole = call("GET", kActions + "hello").json();
  const auto deleted = call("DELETE", kActions + "hello");
  EXPECT_EQ(deleted.status(), 200);
  EXPECT_EQ(deleted.json(), whole);
  EXPECT_EQ(call("GET", kActions + "hello").error(), "The requested resource does not exist.");
  EXPECT_EQ(call("DELETE", kActions + "hello").status(), 404);
}

struct BinaryCase {
  std::string code;
  bool binary;
};

TEST_F(RestActions, CodeIsBinaryWhenItIsBase64) {
  for (const auto& [code, binary] : std::vector<BinaryCase>{{"abcd", true},
                                                            {" YWI= ", true},
                                                            {"YQ==", true},
                                                            {"YQ=", false},
                                                            {"abcde", false},
                                                            {"====", false},
                                                            {"ab-d", false},
                                                            {"", false}}) {
    Json body = Json::object({{"exec", Json::object({{"kind", "python:3"}, {"code", code}})}});
    const auto answer = call("PUT", kActions + "b?overwrite=true", body.to_string());
    ASSERT_EQ(answer.status(), 200) << code << answer.body();
    EXPECT_EQ(answer.json().find("exec")->find("binary")->as_bool(), binary) << code;
  }
}

TEST_F(RestActions, ABlackBoxNeedsAnImageAndMayLackCode) {
  const auto answer = call("PUT", kActions + "bb",
                           R"({"exec":{"kind":"blackbox","image":"foo/bar:1","code":" "}})");
  EXPECT_EQ(answer.json().find("exec")->to_string(),
            R"({"kind":"blackbox","image":"foo/bar:1","binary":false})");
}

struct Refusal {
  std::string body;
  int status;
  std::string error;
};

TEST_F(RestActions, BadBodiesAreRefusedWithTheReason) {
  const std::string kinds =
      "'nodejs:20', 'nodejs:10', 'python:3', 'java:8', 'sequence', 'blackbox'.";
  const std::vector<Refusal> refusals = {
      {"[]", 400, kMalformed + "Object expected"},
      {"{}", 400, "exec undefined"},
      {R"({"exec":{"code":"c"}})", 400, kMalformed + "'kind' must be a string defined in 'exec'"},
      {R"({"exec":{"kind":7}})", 400, kMalformed + "'kind' must be a string defined in 'exec'"},
      {R"({"exec":{"kind":"foobar","code":"c"}})", 400,
       kMalformed +
           "The specified runtime 'foobar' is not supported by this platform. Valid values "
           "are: " +
           kinds},
      {R"({"exec":{"kind":"nodejs","code":"c"}})", 400,
       kMalformed +
           "The specified runtime 'nodejs' is not supported by this platform. Valid values "
           "are: " +
           kinds},
      {R"({"exec":{"kind":"nodejs:20"}})", 400,
       kMalformed +
           "'code' must be a string or attachment object defined in 'exec' for 'nodejs:20' "
           "actions"},
      {R"({"exec":{"kind":"java:default","code":"c"}})", 400,
       kMalformed + "'main' must be a string defined in 'exec' for 'java:8' actions"},
      {R"({"exec":{"kind":"blackbox"}})", 400,
       kMalformed + "'image' must be a string defined in 'exec' for 'blackbox' actions"},
      {R"({"exec":{"kind":"blackbox","image":"a b"}})", 400,
       kMalformed + "could not parse image name"},
      {R"({"exec":{"kind":"sequence"}})", 400,
       kMalformed + "'components' must be defined for sequence kind"},
      {R"({"exec":{"kind":"sequence","components":"a"}})", 400,
       kMalformed + "'components' must be an array"},
      {R"({"exec":{"kind":"sequence","components":["/_/a"]}})", 501,
       "Sequences are not built yet in this version."},
      {R"({"exec":{"kind":"nodejs:10","code":"c"}})", 400,
       "The 'nodejs:10' runtime is no longer supported. You may read and delete but not update or "
       "invoke this action."},
      {R"({"parameters":{"a":1}})", 400, kMalformed + "parameters malformed!"},
      {R"({"parameters":[{"key":"a"}]})", 400, kMalformed + "parameters malformed!"},
      {R"({"annotations":[{"key":1,"value":1}]})", 400, kMalformed + "parameters malformed!"},
      {R"({"version":"0.0.0"})", 400, kMalformed + "semantic version malformed"},
      {R"({"version":"1.x"})", 400, kMalformed + "semantic version malformed"},
      {"{" + kExec + R"(,"limits":{"memory":64}})", 400,
       "requirement failed: memory size 64 MB below allowed threshold of 128 MB"},
      {"{" + kExec + R"(,"limits":{"memory":513}})", 400,
       "requirement failed: memory size 513 MB exceeds allowed threshold of 512 MB"},
      {"{" + kExec + R"(,"limits":{"timeout":99}})", 400,
       "requirement failed: duration 99 milliseconds below allowed threshold of 100 milliseconds"},
      {"{" + kExec + R"(,"limits":{"timeout":300001}})", 400,
       "requirement failed: duration 300001 milliseconds exceeds allowed threshold of 300000 "
       "milliseconds"},
      {"{" + kExec + R"(,"limits":{"logs":11}})", 400,
       "requirement failed: log size 11 MB exceeds allowed threshold of 10 MB"},
      {"{" + kExec + R"(,"limits":{"concurrency":0}})", 400,
       "requirement failed: concurrency 0 below allowed threshold of 1"},
      {"{" + kExec + R"(,"limits":{"instances":10001}})", 400,
       "Max action instance concurrency must not exceed your namespace concurrency of 10000."},
      {"{" + kExec + R"(,"limits":{"memory":"a"}})", 400, kMalformed + "memory limit malformed"},
      {"{" + kExec + R"(,"limits":{"timeout":[]}})", 400, kMalformed + "time limit malformed"},
      {"{" + kExec + R"(,"limits":{"memory":1.5}})", 400,
       kMalformed + "requirement failed: memory limit must be whole number"},
  };
  for (const Refusal& refusal : refusals) {
    const auto answer = call("PUT", kActions + "bad", refusal.body);
    EXPECT_EQ(answer.status(), refusal.status) << refusal.body;
    EXPECT_EQ(answer.error(), refusal.error) << refusal.body;
  }
  EXPECT_FALSE(entities.get("guest/bad", standalone::EntityStore::With::kDocument).ok());
}

TEST_F(RestActions, MalformedJsonIsRefused) {
  const auto answer = call("PUT", kActions + "bad", R"({"exec":)");
  EXPECT_EQ(answer.status(), 400);
  EXPECT_TRUE(answer.error().starts_with(kMalformed)) << answer.error();
  EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "");
}

TEST_F(RestActions, AnotherContentTypeIsRefused) {
  auto made = request("PUT", kActions + "bad", "{}");
  made.headers.back().second = "text/xml; charset=utf-8";
  const auto answer = send(made);
  EXPECT_EQ(answer.status(), 415);
  EXPECT_EQ(answer.error(),
            "The request's Content-Type [text/xml; charset=utf-8] is not supported. Expected:\n"
            "application/json");
  made.headers.back().second = "Application/JSON; charset=utf-8";
  EXPECT_EQ(send(made).error(), "exec undefined");
}

TEST_F(RestActions, AnActionThatExistsIsOnlyReplacedWhenAsked) {
  put_hello();
  EXPECT_EQ(call("PUT", kActions + "hello", "{" + kExec + "}").error(), "resource already exists");
  EXPECT_EQ(call("PUT", kActions + "hello?overwrite=off", "{" + kExec + "}").status(), 409);
  EXPECT_EQ(call("PUT", kActions + "hello?overwrite=TRUE", "{" + kExec + "}").status(), 200);
  const auto bad = call("PUT", kActions + "hello?overwrite=maybe", "{" + kExec + "}");
  EXPECT_EQ(bad.error(),
            "The query parameter 'overwrite' was malformed:\n'maybe' is not a valid Boolean value");
}

TEST_F(RestActions, OfARepeatedQueryKeyTheLastCounts) {
  put_hello();
  EXPECT_EQ(call("PUT", kActions + "hello?overwrite=false&overwrite=true", "{}").status(), 200);
}

TEST_F(RestActions, ALostUpdateIsAConflict) {
  put_hello();
  // Read by this request, changed by another before it is written.
  entities.fail_next({base::ErrorCode::kConflict, "changed"});
  const auto answer = call("DELETE", kActions + "hello");
  EXPECT_EQ(answer.status(), 409);
  EXPECT_EQ(answer.error(), "Concurrent modification to resource detected.");
}

TEST_F(RestActions, FailuresOfTheStoreAreSaidPlainly) {
  put_hello();
  entities.fail_next({base::ErrorCode::kDataLoss, "secret detail"});
  EXPECT_EQ(call("GET", kActions + "hello").error(), "Resource is corrupted and cannot be read.");
  entities.fail_next({base::ErrorCode::kUnavailable, "secret detail"});
  EXPECT_EQ(call("GET", kActions + "hello").status(), 503);
}

TEST_F(RestActions, ANameOfAnotherCollectionIsAConflict) {
  standalone::Entity trigger;
  trigger.collection = standalone::Collection::kTriggers;
  trigger.id = "guest/t";
  trigger.namespace_name = "guest";
  trigger.document = Json::object({{"name", "t"}});
  ASSERT_TRUE(entities.put(trigger).ok());
  for (const std::string method : {"GET", "DELETE", "POST"}) {
    const auto answer = call(method, kActions + "t");
    EXPECT_EQ(answer.status(), 409) << method;
    EXPECT_EQ(answer.error(), "Resource by this name exists but is not in this collection.");
  }
  EXPECT_EQ(call("PUT", kActions + "t?overwrite=true", "{" + kExec + "}").status(), 409);
}

struct NameCase {
  std::string name;
  int status;
  std::string error;
};

TEST_F(RestActions, NamesWithForbiddenCharactersAreRefused) {
  const std::string illegal = "The name of the entity contains illegal characters.";
  std::vector<NameCase> cases = {
      {"a%3Fb", 400, illegal},
      {"%20a", 400, illegal},
      {"a%20", 400, illegal},
      {"-a", 400, illegal},
      {".", 400, illegal},
      {"a%00b", 400, illegal},
      {"a%2Fb", 400, illegal},
      {"%FF", 400, illegal},
      {"%C3%A4", 400, illegal},
      {"a%0Ab", 400, illegal},
      {"a*b", 400, illegal},
      {"a$b", 400, illegal},
      {std::string(257, 'a'), 400, "Name segement longer than allowed: 257 > 256."},
      {"a%2", 400, "The path of the request holds a malformed percent-encoding."},
      {"a%zz", 400, "The path of the request holds a malformed percent-encoding."},
  };
  for (const char c : std::string("!\"#'()*+,:;<=>[\\]^`{|}~$")) {
    char encoded[8];
    std::snprintf(encoded, sizeof encoded, "a%%%02Xb", static_cast<unsigned>(c));
    cases.push_back({encoded, 400, illegal});
  }
  for (const NameCase& one : cases) {
    const auto answer = call("PUT", kActions + one.name, "{" + kExec + "}");
    EXPECT_EQ(answer.status(), one.status) << one.name;
    EXPECT_EQ(answer.error(), one.error) << one.name;
  }
  for (const std::string& name :
       std::vector<std::string>{"a", "_", "a%20b", "a.b-c@d&e_", "9", std::string(256, 'a')}) {
    EXPECT_EQ(call("PUT", kActions + name, "{" + kExec + "}").status(), 200) << name;
  }
}

TEST_F(RestActions, AnEmptyNameOrTooManySegmentsAreNotFound) {
  EXPECT_EQ(call("PUT", kActions, "{}").status(), 404);
  EXPECT_EQ(call("GET", kActions + "a/b/c").status(), 404);
  EXPECT_EQ(call("GET", kActions + "/b").status(), 404);
  EXPECT_EQ(call("DELETE", kActions + "p/").status(), 404);
}

TEST_F(RestActions, ForeignNamespacesAreRefused) {
  const std::string foreign = "/api/v1/namespaces/whisk.system/actions";
  const auto error = [&](const std::string& method, const std::string& target) {
    const auto answer = call(method, target, method == "PUT" ? "{" + kExec + "}" : "");
    EXPECT_EQ(answer.status(), 403) << method << target;
    return answer.error();
  };
  const auto text = [](const std::string& resource) {
    return "The supplied authentication is not authorized to access '" + resource + "'.";
  };
  EXPECT_EQ(error("GET", foreign), text("whisk.system"));
  EXPECT_EQ(error("GET", foreign + "/foo"), text("whisk.system/foo"));
  EXPECT_EQ(error("PUT", foreign + "/foo"), text("whisk.system/foo"));
  EXPECT_EQ(error("GET", foreign + "/pkg/act"), text("whisk.system/pkg"));
  EXPECT_EQ(error("POST", foreign + "/pkg/act"), text("whisk.system/pkg"));
  EXPECT_EQ(error("PUT", foreign + "/pkg/act"), text("whisk.system/pkg/act"));
  EXPECT_EQ(error("DELETE", foreign + "/pkg/act"), text("whisk.system/pkg/act"));
}

TEST_F(RestActions, AMissingPackageIsNotFound) {
  for (const std::string method : {"GET", "DELETE", "POST"}) {
    const auto answer = call(method, kActions + "pkg/act");
    EXPECT_EQ(answer.status(), 404);
    EXPECT_EQ(answer.error(), "The requested resource does not exist.");
  }
  EXPECT_EQ(call("PUT", kActions + "pkg/act", "{" + kExec + "}").status(), 404);
  EXPECT_EQ(call("GET", kActions + "pkg/").status(), 404);
}

TEST_F(RestActions, ListsAreSummariesNewestFirst) {
  put_hello();
  clock.advance(std::chrono::seconds(1));
  ASSERT_EQ(call("PUT", kActions + "second", "{" + kExec + "}").status(), 200);
  const auto list = call("GET", "/api/v1/namespaces/guest/actions").json();
  ASSERT_EQ(list.items().size(), 2u);
  EXPECT_EQ(list.items()[0].find("name")->as_string(), "second");
  EXPECT_EQ(list.items()[1], Json::parse(R"({"namespace":"guest","name":"hello","version":"0.0.1",
    "publish":false,"updated":1700000000000,
    "annotations":[{"key":"provide-api-key","value":false},{"key":"exec","value":"nodejs:20"}],
    "limits":{"concurrency":1,"logs":10,"memory":256,"timeout":60000},"exec":{"binary":false}})")
                                 .value())
      << list.to_string();
  EXPECT_EQ(call("GET", kActions + "?limit=0&skip=1").json().items().size(), 1u);
  EXPECT_EQ(call("GET", kActions + "?count=true&skip=1").body(), R"({"actions":1})");
  EXPECT_EQ(call("GET", kActions + "?count=true&skip=9&limit=1").body(), R"({"actions":0})");
}

TEST_F(RestActions, BadWindowsAreRefused) {
  const auto refuse = [&](const std::string& query) {
    const auto answer = call("GET", kActions + "?" + query);
    EXPECT_EQ(answer.status(), 400);
    return answer.error();
  };
  const std::string limit = "The query parameter 'limit' was malformed:\n";
  EXPECT_EQ(refuse("limit=201"),
            limit + "The value '201' is not in the range of 0 to 200 for actions.");
  EXPECT_EQ(refuse("limit=-1"),
            limit + "The value '-1' is not in the range of 0 to 200 for actions.");
  EXPECT_EQ(refuse("limit="), limit + "The value '' is not an integer for actions.");
  EXPECT_EQ(refuse("limit=1x"), limit + "The value '1x' is not an integer for actions.");
  EXPECT_EQ(
      refuse("skip=-1"),
      "The query parameter 'skip' was malformed:\nThe value '-1' is not greater than or equal "
      "to 0 for actions.");
}

TEST_F(RestActions, SizesAreMeasuredAndRefused) {
  const auto put = [&](const std::string& rest) {
    return call("PUT", kActions + "big", "{" + kExec + "," + rest + "}");
  };
  const std::string value(1'100'000, 'v');
  const auto parameters = put(R"("parameters":[{"key":"abc","value":")" + value + R"("}])");
  EXPECT_EQ(parameters.status(), 413);
  EXPECT_EQ(parameters.error(), "parameters larger than allowed: 1100005 > 1048576 bytes.");
  const auto annotations = put(R"("annotations":[{"key":"abc","value":")" + value + R"("}])");
  EXPECT_EQ(annotations.error(), "annotations larger than allowed: 1100005 > 1048576 bytes.");
  const std::string fits(1'048'576 - 5, 'v');
  EXPECT_EQ(put(R"("parameters":[{"key":"abc","value":")" + fits + R"("}])").status(), 200);
}

TEST_F(RestActions, CodeOf48MebibytesFitsAndMoreDoesNot) {
  const auto put = [&](std::size_t bytes) {
    return call("PUT", kActions + "big?overwrite=true",
                R"({"exec":{"kind":"python:3","code":")" + std::string(bytes, '#') + R"("}})");
  };
  EXPECT_EQ(put(50'331'648).status(), 200);
  const auto refused = put(50'331'649);
  EXPECT_EQ(refused.status(), 413);
  EXPECT_EQ(refused.error(), "exec larger than allowed: 50331649 > 50331648 bytes.");
}

TEST_F(RestActions, OtherMethodsAreNotAllowed) {
  const auto answer = call("PATCH", kActions + "hello");
  EXPECT_EQ(answer.status(), 405);
  EXPECT_EQ(answer.error(), "HTTP method not allowed, supported methods: GET, PUT, DELETE, POST");
  EXPECT_EQ(answer.header("Allow"), "GET, PUT, DELETE, POST");
  EXPECT_EQ(call("HEAD", kActions + "hello").status(), 405);
  EXPECT_EQ(call("PUT", "/api/v1/namespaces/_/actions", "{}").status(), 405);
}

}  // namespace
