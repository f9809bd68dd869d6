#include <gtest/gtest.h>

#include "invoker/activation_store.h"
#include "recorded.h"

namespace invoker {
namespace {

using base::Json;

std::string text_of(const Json& record, const char* key) { return record.find(key)->as_string(); }
std::int64_t number_of(const Json& record, const char* key) {
  return record.find(key)->as_int64().value();
}

Response response_of(const Json& json) {
  Response response;
  response.code = static_cast<StatusCode>(number_of(json, "statusCode"));
  if (const Json* result = json.find("result")) response.result = *result;
  if (json.find("size") != nullptr) response.size = number_of(json, "size");
  return response;
}

Activation activation_of(const Json& record) {
  Activation activation{.activation_id = text_of(record, "activationId"),
                        .namespace_name = text_of(record, "namespace"),
                        .subject = text_of(record, "subject"),
                        .name = text_of(record, "name"),
                        .version = text_of(record, "version"),
                        .cause = std::nullopt,
                        .start_ms = number_of(record, "start"),
                        .end_ms = number_of(record, "end"),
                        .duration_ms = number_of(record, "duration"),
                        .response = response_of(*record.find("response")),
                        .logs = {},
                        .annotations = *record.find("annotations")};
  if (record.find("cause") != nullptr) activation.cause = text_of(record, "cause");
  for (const Json& line : record.find("logs")->items()) activation.logs.push_back(line.as_string());
  return activation;
}

// All members of every recorded document, but for the revision that the database gave.
TEST(ActivationRecord, IsTheDocumentThatTheRealSystemStored) {
  int invoked = 0;
  const Json cases = couch_tests::recorded("records.json");
  for (const Json& entry : cases.items()) {
    Json stored = *entry.find("record");
    stored.erase("_rev");
    const ActivationRecord record = to_record(activation_of(stored), number_of(stored, "updated"));
    EXPECT_EQ(record.id, text_of(stored, "_id"));
    EXPECT_EQ(Json::parse(record.document).value(), stored) << text_of(entry, "case");
    EXPECT_EQ(record.document.find('\n'), std::string::npos);
    ++invoked;
  }
  EXPECT_GE(invoked, 45);
}

TEST(ActivationRecord, KeepsNumbersAsTheyWere) {
  Activation activation;
  activation.response.result =
      Json::parse(R"({"n":1.0,"big":123456789012345678901234567890,"e":1E400})").value();
  const std::string document = to_record(activation, 1).document;
  EXPECT_NE(document.find(R"({"n":1.0,"big":123456789012345678901234567890,"e":1E400})"),
            std::string::npos);
}

struct Stored {
  StoreLevel level;
  bool of_code[4];
};

TEST(StorePolicy, GoesByTheKindOfCallAndTheOutcome) {
  const Stored rows[] = {
      {StoreLevel::kAlways, {true, true, true, true}},
      {StoreLevel::kFailures, {false, true, true, true}},
      {StoreLevel::kFailuresNotApplicationErrors, {false, false, true, true}},
  };
  for (const Stored& row : rows) {
    for (int code = 0; code < 4; ++code) {
      Activation activation;
      activation.response.code = static_cast<StatusCode>(code);
      ActivationMessage message;
      message.blocking = true;
      EXPECT_EQ(is_stored(message, activation, {.blocking = row.level}), row.of_code[code]);
      EXPECT_TRUE(is_stored(message, activation, {.non_blocking = row.level}));
      message.blocking = false;
      EXPECT_EQ(is_stored(message, activation, {.non_blocking = row.level}), row.of_code[code]);
    }
  }
}

TEST(StorePolicy, OfTheNamespaceComesFirst) {
  ActivationMessage message;
  message.user.limits.set("storeActivations", false);
  message.transid.json = Json::parse(R"(["x",1,true])").value();
  EXPECT_FALSE(is_stored(message, {}, {}));
  message.user.limits.set("storeActivations", true);
  EXPECT_TRUE(is_stored(message, {}, {.non_blocking = StoreLevel::kFailures}));
}

TEST(StorePolicy, StoresWhatIsLoggedMore) {
  ActivationMessage message;
  const StorePolicy failures{StoreLevel::kFailures, StoreLevel::kFailures};
  for (const auto& [transid, stored] :
       std::initializer_list<std::pair<const char*, bool>>{{R"(["x",1])", false},
                                                           {R"(["x",1,true])", true},
                                                           {R"(["x",1,["y",2,true]])", false},
                                                           {R"(["x",1,true,["y",2]])", true}}) {
    message.transid.json = Json::parse(transid).value();
    EXPECT_EQ(is_stored(message, {}, failures), stored) << transid;
  }
}

TEST(StoreLevel, IsReadFromItsName) {
  EXPECT_EQ(parse_store_level("STORE_ALWAYS").value(), StoreLevel::kAlways);
  EXPECT_EQ(parse_store_level("STORE_FAILURES").value(), StoreLevel::kFailures);
  EXPECT_EQ(parse_store_level("STORE_FAILURES_NOT_APPLICATION_ERRORS").value(),
            StoreLevel::kFailuresNotApplicationErrors);
  EXPECT_FALSE(parse_store_level("store_always"));
}

}  // namespace
}  // namespace invoker
