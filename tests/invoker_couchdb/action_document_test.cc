#include "invoker/action_document.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "recorded.h"

namespace invoker {
namespace {

using base::ErrorCode;
using base::Json;

Json document() {
  return Json::parse(
             R"({"_id":"guest/pkg/hello","_rev":"5-1f","entityType":"action","namespace":"guest/pkg",
                 "name":"hello","exec":{"kind":"nodejs:20","code":"function main() {}","binary":false},
                 "parameters":[{"key":"n","value":123456789012345678901234567890.10}],
                 "limits":{"timeout":60000,"memory":256,"logs":10,"concurrency":1},
                 "version":"0.0.3","publish":false,"annotations":[],"updated":1711533500000})")
      .value();
}

Json with_exec(std::string_view exec) { return document().set("exec", Json::parse(exec).value()); }

KindLookup kinds() {
  return [](std::string_view kind) -> std::optional<KindRules> {
    if (kind == "nodejs:20" || kind == "nodejs:default") return KindRules{.kind = "nodejs:20"};
    if (kind == "swift:5") return KindRules{.kind = "swift:5", .attached = false};
    if (kind == "java:8") return KindRules{.kind = "java:8", .requires_main = true};
    return std::nullopt;
  };
}

base::Result<ActionDocument> parse(const Json& json) {
  DecodingRules rules;
  rules.kinds = kinds();
  return parse_action_document(json, rules);
}

ErrorCode error_of(const Json& json) {
  const auto result = parse(json);
  EXPECT_FALSE(result) << json.to_string();
  return result ? ErrorCode::kAlreadyExists : result.error().code;
}

TEST(ActionDocument, IsReadWithNumbersUntouched) {
  const auto read = parse(document());
  ASSERT_TRUE(read) << read.error().message;
  const Action& action = read->action;
  EXPECT_EQ(action.full_name(), "guest/pkg/hello");
  EXPECT_EQ(action.revision, "5-1f");
  EXPECT_EQ(action.version, "0.0.3");
  EXPECT_EQ(action.exec.kind, "nodejs:20");
  EXPECT_EQ(action.exec.code, "function main() {}");
  EXPECT_EQ(action.parameters.to_string(),
            R"([{"key":"n","value":123456789012345678901234567890.10}])");
  EXPECT_EQ(action.limits, ActionLimits{});
  EXPECT_FALSE(read->attachment);
}

// Every action document that was recorded comes to what the runtime was then sent.
TEST(ActionDocument, OfTheRealSystemComesToWhatRuntimesWereSent) {
  int sent = 0;
  const Json cases = couch_tests::recorded("actions.json");
  for (const Json& entry : cases.items()) {
    const std::string& name = entry.find("case")->as_string();
    const Json& json = *entry.find("document");
    const auto read = parse_action_document(json, {});
    if (json.find("exec")->find("kind")->as_string() == "sequence") {
      ASSERT_FALSE(read) << name;
      EXPECT_EQ(read.error().code, ErrorCode::kUnsupported) << name;
      continue;
    }
    ASSERT_TRUE(read) << name << ": " << read.error().message;
    const Json* const init = entry.find("init");
    if (init->is_null()) continue;
    const Exec& exec = read->action.exec;
    EXPECT_EQ(exec.binary, init->find("binary")->as_bool()) << name;
    EXPECT_EQ(exec.main.value_or("main"), init->find("main")->as_string()) << name;
    if (read->attachment) continue;
    EXPECT_EQ(exec.code, init->find("code")->as_string()) << name;
    ++sent;
  }
  EXPECT_GE(sent, 10);
}

TEST(ActionDocument, OfTheRealSystemNamesItsAttachment) {
  int attached = 0;
  const Json cases = couch_tests::recorded("actions.json");
  for (const Json& entry : cases.items()) {
    const auto read = parse_action_document(*entry.find("document"), {});
    if (!read || !read->attachment) continue;
    EXPECT_EQ(read->attachment->size(), 36U);
    EXPECT_FALSE(read->action.exec.code);
    ++attached;
  }
  EXPECT_EQ(attached, 2);
}

TEST(ActionDocument, NeedsItsMembers) {
  for (const char* key : {"namespace", "name", "exec", "parameters", "limits", "version", "publish",
                          "annotations", "updated", "_rev"}) {
    Json json = document();
    json.erase(key);
    EXPECT_EQ(error_of(json), ErrorCode::kDataLoss) << key;
    EXPECT_EQ(error_of(document().set(key, Json::object())), ErrorCode::kDataLoss) << key;
  }
}

TEST(ActionDocument, NeedsNoTypeButTheRightOne) {
  Json json = document();
  json.erase("entityType");
  EXPECT_TRUE(parse(json));
  EXPECT_EQ(error_of(document().set("entityType", "trigger")), ErrorCode::kDataLoss);
}

TEST(ActionDocument, TakesADateAsText) {
  EXPECT_TRUE(parse(document().set("updated", "2024-03-27T10:00:00.000Z")));
}

TEST(ActionDocument, FillsInLimitsThatHaveAStandard) {
  const auto read =
      parse(document().set("limits", Json::object({{"timeout", 100}, {"memory", 128}})));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->action.limits.logs_bytes, 10 << 20);
  EXPECT_EQ(read->action.limits.concurrency, 1);
  EXPECT_FALSE(read->action.limits.instances);
}

TEST(ActionDocument, NeedsWholeLimits) {
  for (const char* limits :
       {R"({"timeout":1.5,"memory":128})", R"({"timeout":100})", R"({"memory":128})",
        R"({"timeout":"100","memory":128})", R"({"timeout":100,"memory":99999999999})",
        R"({"timeout":100,"memory":-1})", R"({"timeout":100,"memory":128,"instances":"1"})"}) {
    EXPECT_EQ(error_of(document().set("limits", Json::parse(limits).value())), ErrorCode::kDataLoss)
        << limits;
  }
}

TEST(ActionDocument, ResolvesItsKind) {
  const auto read = parse(with_exec(R"({"kind":" NodeJS:default ","code":"x","binary":false})"));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->action.exec.kind, "nodejs:20");
}

TEST(ActionDocument, OfAnUnknownKindIsUnreadable) {
  EXPECT_EQ(error_of(with_exec(R"({"kind":"cobol:85","code":"x"})")), ErrorCode::kDataLoss);
}

TEST(ActionDocument, OfASequenceCannotBeRun) {
  EXPECT_EQ(error_of(with_exec(R"({"kind":"sequence","components":["/guest/a"]})")),
            ErrorCode::kUnsupported);
}

TEST(ActionDocument, OfABlackboxNeedsAnImageAndNoCode) {
  const auto read =
      parse(with_exec(R"({"kind":"blackbox","image":"a/b:1","code":" ","binary":false})"));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->action.exec.image, "a/b:1");
  EXPECT_FALSE(read->action.exec.code);
  EXPECT_EQ(error_of(with_exec(R"({"kind":"blackbox","code":"x"})")), ErrorCode::kDataLoss);
}

TEST(ActionDocument, NeedsMainWhereItsRuntimeDoes) {
  EXPECT_EQ(error_of(with_exec(R"({"kind":"java:8","code":"eA=="})")), ErrorCode::kDataLoss);
  EXPECT_TRUE(parse(with_exec(R"({"kind":"java:8","code":"eA==","main":"M"})")));
  EXPECT_TRUE(parse(with_exec(R"({"kind":"java:8","jar":"eA==","main":"M"})")));
}

TEST(ActionDocument, OfAKindWithoutAttachmentsHasItsCodeInIt) {
  EXPECT_TRUE(parse(with_exec(R"({"kind":"swift:5","code":"x"})")));
  EXPECT_EQ(error_of(with_exec(R"({"kind":"swift:5","code":{"attachmentName":"mem:eA==",
                                 "attachmentType":"text/plain"}})")),
            ErrorCode::kDataLoss);
}

struct InlineCode {
  const char* code;
  bool binary;
};

TEST(ActionDocument, TellsBinaryCodeByItsText) {
  for (const auto& [code, binary] : std::initializer_list<InlineCode>{{"UEsDBA==", true},
                                                                      {" UEsDBA==\n", true},
                                                                      {"UEsDBA=", false},
                                                                      {"UEs=BA==", false},
                                                                      {"UEsD-A==", false},
                                                                      {"code", true},
                                                                      {"x = 1", false},
                                                                      {"", false}}) {
    Json exec = Json::object({{"kind", "nodejs:20"}, {"code", code}, {"binary", !binary}});
    const auto read = parse(document().set("exec", std::move(exec)));
    ASSERT_TRUE(read) << code;
    EXPECT_EQ(read->action.exec.binary, binary) << code;
    EXPECT_EQ(read->action.exec.code, code);
  }
}

Json attached(std::string_view name, bool binary = false) {
  return Json::object(
      {{"kind", "nodejs:20"},
       {"binary", binary},
       {"code", Json::object({{"attachmentName", name}, {"attachmentType", "text/plain"}})}});
}

TEST(ActionDocument, HoldsSmallCodeInTheNameOfItsAttachment) {
  const auto read = parse(document().set(
      "exec", attached("mem:ZnVuY3Rpb24gbWFpbihwYXJhbXMpIHsKICByZXR1cm4ge2dyZWV0aW5nOiAnaGVsbG8nfTs"
                       "KfQo=")));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->action.exec.code, "function main(params) {\n  return {greeting: 'hello'};\n}\n");
  EXPECT_FALSE(read->attachment);
}

TEST(ActionDocument, HoldsSmallBinariesInTheAlphabetOfUrls) {
  const auto read = parse(document().set("exec", attached("mem:-_8=", true)));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->action.exec.code, "+/8=");
  EXPECT_TRUE(read->action.exec.binary);
  EXPECT_EQ(error_of(document().set("exec", attached("mem:+/8="))), ErrorCode::kInternal);
  EXPECT_EQ(error_of(document().set("exec", attached("mem:-_8"))), ErrorCode::kInternal);
}

constexpr const char* kUuid = "1bcb5990-db1a-4436-8b59-90db1ac436c1";

Json stub() {
  return Json::object({{"content_type", "text/plain"}, {"digest", "md5-x"}, {"length", 3}});
}

TEST(ActionDocument, NamesTheAttachmentThatHoldsItsCode) {
  Json json = document().set("exec", attached("couch:" + std::string(kUuid)));
  json.set("_attachments", Json::object({{kUuid, stub()}}));
  const auto read = parse(json);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->attachment, kUuid);
  const auto legacy = parse(document()
                                .set("exec", attached("codefile"))
                                .set("_attachments", Json::object({{"codefile", stub()}})));
  ASSERT_TRUE(legacy);
  EXPECT_EQ(legacy->attachment, "codefile");
}

TEST(ActionDocument, AgreesWithItsAttachments) {
  const auto with = [](Json attachments) {
    return document()
        .set("exec", attached("couch:" + std::string(kUuid)))
        .set("_attachments", std::move(attachments));
  };
  EXPECT_EQ(error_of(with(Json::object({{"codefile", stub()}}))), ErrorCode::kInternal);
  EXPECT_EQ(error_of(with(Json::object({{kUuid, stub()}, {"b", stub()}}))), ErrorCode::kInternal);
  for (const char* key : {"content_type", "digest", "length"}) {
    Json incomplete = stub();
    incomplete.erase(key);
    EXPECT_EQ(error_of(with(Json::object({{kUuid, std::move(incomplete)}}))), ErrorCode::kInternal)
        << key;
  }
}

TEST(ActionDocument, WithCodeInAnotherStoreCannotBeHad) {
  EXPECT_EQ(error_of(document().set("exec", attached("s3:abc"))), ErrorCode::kUnsupported);
}

TEST(ActionDocument, MayLeaveTheCodeToItsReader) {
  DecodingRules rules;
  rules.self_contained = false;
  const auto read = parse_action_document(with_exec(R"({"kind":"python:3","binary":true})"), rules);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_TRUE(read->action.exec.binary);
  EXPECT_FALSE(read->action.exec.code);
}

TEST(CodeText, IsBase64OfBinariesAndTheTextOfTheRest) {
  EXPECT_EQ(code_text("PK\x03\x04", true), "UEsDBA==");
  EXPECT_EQ(code_text("x = 'ä'", false), "x = 'ä'");
  EXPECT_EQ(code_text("\xff", false), "\xEF\xBF\xBD");
  EXPECT_EQ(code_text("", true), "");
}

}  // namespace
}  // namespace invoker
