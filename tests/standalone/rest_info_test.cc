// Authentication, the routes that need none, and what holds for all.
#include "rest_world.h"

namespace {

using base::Json;

class RestInfo : public RestTest {
 protected:
  Received anonymous(const std::string& method, const std::string& target) {
    auto made = request(method, target);
    made.headers.clear();
    return send(made);
  }
  Received with_auth(const std::string& value) {
    auto made = request("GET", "/api/v1/namespaces");
    made.headers[0].second = value;
    return send(made);
  }
};

TEST_F(RestInfo, TheKeySelectsItsNamespace) {
  EXPECT_EQ(call("GET", "/api/v1/namespaces").body(), R"(["guest"])");
  EXPECT_EQ(call("GET", "/api/v1/namespaces/").body(), R"(["guest"])");
  EXPECT_EQ(with_auth(kSystemAuth).body(), R"(["whisk.system"])");
  EXPECT_EQ(with_auth("basic  " + kGuestAuth.substr(6)).status(), 200);
  EXPECT_EQ(call("GET", "/api/v1/namespaces/guest").status(), 404);
  EXPECT_EQ(call("PUT", "/api/v1/namespaces/guest").status(), 404);
}

TEST_F(RestInfo, MissingAndWrongKeysAreTold) {
  const auto missing = anonymous("GET", "/api/v1/namespaces");
  EXPECT_EQ(missing.status(), 401);
  EXPECT_EQ(missing.error(),
            "The resource requires authentication, which was not supplied with the request");
  EXPECT_EQ(missing.header("WWW-Authenticate"),
            "Basic realm=\"OpenWhisk secure realm\",charset=UTF-8");
  EXPECT_EQ(missing.header("Access-Control-Allow-Origin"), "");
  EXPECT_EQ(with_auth("Bearer abc").error(), missing.error());
  for (const std::string value : {"Basic !!!", "Basic YTpi", "Basic YWI=",
                                  // the right secret, one character less
                                  "Basic MjNiYzQ2YjEtNzFmNi00ZWQ1LThjNTQtODE2YWE0ZjhjNTAyOjEyM3pPM3"
                                  "haQ0xyTU42djJCS0sxZFhZRnBYbFBrY2NPRnFtMTJDZEFzTWdSVTRWck5aOWx5R1"
                                  "ZDR3VNREdJdw=="}) {
    EXPECT_EQ(with_auth(value).status(), 401) << value;
    EXPECT_EQ(with_auth(value).error(), "The supplied authentication is invalid") << value;
  }
}

TEST_F(RestInfo, UnknownPathsNeedAKeyFirst) {
  EXPECT_EQ(anonymous("GET", "/api/v1/nothing").status(), 401);
  EXPECT_EQ(anonymous("GET", "/api/v1/web/guest").status(), 401);
  for (const std::string target : {"/api/v1/nothing", "/api/v1/namespaces/_/nothing",
                                   "/api/v1//namespaces", "/api/v1/web/guest"}) {
    const auto answer = call("GET", target);
    EXPECT_EQ(answer.status(), 404) << target;
    EXPECT_EQ(answer.error(), "The requested resource could not be found.") << target;
  }
}

TEST_F(RestInfo, NamespacesWithForbiddenCharactersAreRefused) {
  EXPECT_EQ(call("GET", "/api/v1/namespaces/a%3Fb/actions").error(),
            "The namespace contains illegal characters.");
  EXPECT_EQ(call("GET", "/api/v1/namespaces/" + std::string(257, 'n') + "/actions").error(),
            "Namespace longer than allowed: 257 > 256.");
}

TEST_F(RestInfo, ThePlatformTellsItsLimitsAndRuntimes) {
  config.limits.invocations_per_minute = 77;
  make();
  const auto info = anonymous("GET", "/").json();
  EXPECT_EQ(info.find("description")->as_string(), "OpenWhisk");
  EXPECT_EQ(info.find("api_paths")->to_string(), R"(["/api/v1"])");
  EXPECT_EQ(info.find("limits")->find("actions_per_minute")->number_text(), "77");
  EXPECT_EQ(info.find("limits")->find("max_action_memory")->number_text(), "536870912");
  EXPECT_EQ(info.find("runtimes")->find("nodejs")->items()[0],
            Json::parse(R"({"kind":"nodejs:20","image":"openwhisk/node:1","deprecated":false,
                            "default":true,"attached":true,"requireMain":false})")
                .value());
}

TEST_F(RestInfo, TheApiTellsItsBuild) {
  config.build = "2026";
  make();
  EXPECT_EQ(anonymous("GET", "/api/v1").json(),
            Json::parse(R"({"description":"OpenWhisk API","api_version":"1.0.0",
              "api_version_path":"v1","build":"2026","buildno":"standalone",
              "swagger_paths":{"ui":"/docs","api-docs":"/api-docs"}})")
                .value());
}

TEST_F(RestInfo, HealthIsTold) {
  EXPECT_EQ(anonymous("GET", "/ping").body(), "pong");
  EXPECT_EQ(anonymous("GET", "/invokers").body(), R"({"invoker0/0":"up"})");
  EXPECT_EQ(anonymous("GET", "/invokers/healthy/count").body(), "1");
  EXPECT_EQ(anonymous("GET", "/invokers/ready").body(), R"({"healthy":"1/1"})");
  invoke.set_healthy(false);
  EXPECT_EQ(anonymous("GET", "/invokers/ready").status(), 500);
  EXPECT_EQ(anonymous("GET", "/invokers/ready").body(), R"({"unhealthy":"0/1"})");
}

TEST_F(RestInfo, ActivationsUnderWayAreTold) {
  put_hello();
  EXPECT_EQ(anonymous("GET", "/activation").body(), "[]");
  call("POST", kActions + "hello");
  const std::string id = invoke.messages().back().activation_id;
  EXPECT_EQ(anonymous("GET", "/activation").body(), R"([[")" + id + R"(","guest/hello"]])");
  EXPECT_EQ(anonymous("GET", "/activation/count").body(), "1");
  complete(invoker::StatusCode::kSuccess, "{}");
  EXPECT_EQ(anonymous("GET", "/activation/count").body(), "0");
}

TEST_F(RestInfo, MetricsAreOursAndThoseHandedIn) {
  config.metrics = [] { return "handed_in 1\n"; };
  make();
  const auto metrics = anonymous("GET", "/metrics");
  EXPECT_NE(metrics.body().find("larder_rest_requests_total 1\n"), std::string::npos);
  EXPECT_NE(metrics.body().find("handed_in 1\n"), std::string::npos);
}

TEST_F(RestInfo, OptionsAnswerEverywhereWithoutAKey) {
  for (const std::string target : {"/api/v1/namespaces/_/actions/a", "/api/v1/bogus"}) {
    const auto answer = anonymous("OPTIONS", target);
    EXPECT_EQ(answer.status(), 200);
    EXPECT_EQ(answer.body(), "OK");
    EXPECT_EQ(answer.header("Access-Control-Allow-Methods"), "GET, DELETE, POST, PUT, HEAD");
  }
  EXPECT_EQ(anonymous("OPTIONS", "/bogus").header("Access-Control-Allow-Methods"),
            "OPTIONS, GET, POST");
}

TEST_F(RestInfo, OtherPathsOutsideOfTheApiAreNotAllowed) {
  const auto unknown = anonymous("GET", "/bogus");
  EXPECT_EQ(unknown.status(), 405);
  EXPECT_EQ(unknown.header("Allow"), "OPTIONS");
  const auto head = anonymous("HEAD", "/");
  EXPECT_EQ(head.status(), 405);
  EXPECT_EQ(head.header("Allow"), "GET, OPTIONS");
}

TEST_F(RestInfo, TheLimitsOfTheNamespaceAreTold) {
  const auto limits = call("GET", "/api/v1/namespaces/_/limits").json();
  EXPECT_EQ(limits.find("maxParameterSize")->as_string(), "1048576 B");
  EXPECT_EQ(limits.find("maxActionMemory")->number_text(), "512");
  EXPECT_EQ(limits.members().size(), 13u);
  const auto inner = call("GET", "/api/v1/namespaces/_/limits/x");
  EXPECT_EQ(inner.status(), 400);
  EXPECT_EQ(inner.error(), "Inner entity level routes for limits are not yet implemented.");
}

TEST_F(RestInfo, TheTransactionIdIsTheClientsOrANewOne) {
  auto made = request("GET", "/api/v1/nothing");
  made.headers.emplace_back("x-request-id", "mine");
  EXPECT_EQ(send(made).header("X-Request-ID"), "mine");
  const std::string longest(256, 'x');
  for (const std::string& taken : {std::string("~ !\"#0aZ"), longest}) {
    made.headers.back().second = taken;
    EXPECT_EQ(send(made).header("X-Request-ID"), taken);
  }
  for (const std::string& replaced :
       {std::string("sid_mine"), std::string(), longest + "x", std::string("a\tb"),
        std::string("a\nb"), std::string("a\x1b[2Jb"), std::string("a\x7f"),
        std::string("\xc3\xa4"), std::string("\xff\xfe"), std::string("a\0b", 3)}) {
    made.headers.back().second = replaced;
    const auto answer = send(made);
    EXPECT_EQ(answer.header("X-Request-ID").size(), 32u) << replaced;
    EXPECT_EQ(answer.json().find("code")->as_string(), answer.header("X-Request-ID"));
  }
}

TEST_F(RestInfo, ARequestWhoseEndIsInDoubtIsRefusedAtOnceAndInJson) {
  auto made = request("POST", "/api/v1/namespaces/_/actions/hello", "{}");
  made.malformed = "The request has two ends.";
  EXPECT_TRUE(plane->is_quick(made));
  const auto answer = send(made);
  EXPECT_EQ(answer.status(), 400);
  EXPECT_EQ(answer.error(), "The request has two ends.");
  EXPECT_EQ(answer.header("Content-Type"), "application/json");
  EXPECT_EQ(answer.json().find("code")->as_string(), answer.header("X-Request-ID"));
}

struct AcceptCase {
  std::string accept;
  int status;
};

TEST_F(RestInfo, AClientThatTakesNoJsonIsTold) {
  for (const auto& [accept, status] :
       std::vector<AcceptCase>{{"application/json", 200},
                               {"*/*", 200},
                               {"text/html, application/*;q=0.1", 200},
                               {"", 200},
                               {"text/plain", 406},
                               {"application/json;q=0, */*", 406},
                               {"application/json; q=0.0", 406}}) {
    auto made = request("GET", "/api/v1/namespaces");
    made.headers.emplace_back("Accept", accept);
    EXPECT_EQ(send(made).status(), status) << accept;
  }
  auto made = request("GET", "/api/v1/nothing");
  made.headers.emplace_back("Accept", "text/plain");
  EXPECT_EQ(send(made).status(), 404);
}

TEST_F(RestInfo, LongTargetsAndBodiesAreRefusedInPlainText) {
  const auto target = call("GET", "/api/v1/" + std::string(8192, 'a'));
  EXPECT_EQ(target.status(), 414);
  EXPECT_EQ(target.body(), "URI length exceeds the configured limit of 8192 characters");
  auto made = request("PUT", kActions + "a");
  made.body_too_large = true;
  const auto body = send(made);
  EXPECT_EQ(body.status(), 400);
  EXPECT_EQ(body.body(), "Request too large");
  EXPECT_EQ(body.header("Content-Type"), "text/plain; charset=UTF-8");
}

TEST_F(RestInfo, WhatIsNotBuiltYetSaysSo) {
  for (const auto& [method, path] :
       std::vector<std::pair<std::string, std::string>>{{"PUT", "/namespaces/_/packages/p"},
                                                        {"PUT", "/namespaces/_/triggers/t"},
                                                        {"POST", "/namespaces/_/triggers/t"},
                                                        {"PUT", "/namespaces/_/rules/r"},
                                                        {"POST", "/namespaces/_/rules/r"},
                                                        {"POST", "/namespaces/_/packages/refresh"},
                                                        {"GET", "/web/guest/default/hello.json"},
                                                        {"GET", "/api-docs"}}) {
    const auto answer = call(method, "/api/v1" + path);
    EXPECT_EQ(answer.status(), 501) << path;
    EXPECT_TRUE(answer.error().ends_with(" not built yet in this version.")) << answer.error();
  }
}

TEST_F(RestInfo, CollectionsThatAreNotBuiltYetAreEmpty) {
  for (const std::string collection : {"packages", "triggers", "rules"}) {
    const std::string path = "/api/v1/namespaces/_/" + collection;
    EXPECT_EQ(call("GET", path + "?limit=0&skip=0").body(), "[]");
    EXPECT_EQ(call("GET", path + "?count=true").body(), R"({")" + collection + R"(":0})");
    EXPECT_EQ(call("GET", path + "/x").status(), 404);
    EXPECT_EQ(call("DELETE", path + "/x").error(), "The requested resource does not exist.");
  }
  EXPECT_EQ(call("GET", "/api/v1/namespaces/_/packages/p").error(),
            "The requested resource 'guest/p' does not exist.");
  put_hello();
  EXPECT_EQ(call("GET", "/api/v1/namespaces/_/rules/hello").status(), 409);
  EXPECT_EQ(call("GET", "/api/v1/namespaces/nobody/packages").body(), "[]");
  EXPECT_EQ(call("GET", "/api/v1/namespaces/nobody/rules").status(), 403);
}

}  // namespace
