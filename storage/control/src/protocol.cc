#include "storage_control/protocol.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "fields.h"

namespace storage_control {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
using base::Result;

constexpr std::size_t kClientBytesMax = 64;

// In the order of ErrorCode.
constexpr std::array kCodes = {
    ErrorCode::kInvalidArgument,  ErrorCode::kNotFound,         ErrorCode::kAlreadyExists,
    ErrorCode::kConflict,         ErrorCode::kPermissionDenied, ErrorCode::kNoSpace,
    ErrorCode::kDeadlineExceeded, ErrorCode::kUnavailable,      ErrorCode::kUnsupported,
    ErrorCode::kDataLoss,         ErrorCode::kInternal};

bool is_client(std::string_view name) {
  return name.size() <= kClientBytesMax && std::ranges::all_of(name, [](char letter) {
           return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
                  (letter >= 'A' && letter <= 'Z') || letter == '-';
         });
}

std::uint64_t number_of(Fields& fields, std::string_view key) {
  return static_cast<std::uint64_t>(fields.whole(key));
}

void put(const Place& place, Json& json) {
  json.set("namespace", place.namespace_name);
  json.set("volume", place.volume);
  json.set("path", encode_bytes(place.path));
}

Place place_of(Fields& fields) {
  return {fields.text("namespace"), fields.text("volume"), fields.bytes("path")};
}

Json begin(const char* name) { return Json::object({{"call", name}}); }

Json begin(const char* name, const Place& place) {
  Json json = begin(name);
  put(place, json);
  return json;
}

Json to_json(const Hello& call) {
  return begin("hello").set("client", call.client).set("protocol", call.protocol);
}
Json to_json(const Open& call) {
  return begin("open")
      .set("ticket", call.ticket)
      .set("namespace", call.namespace_name)
      .set("activation", call.activation_id)
      .set("uid", std::int64_t{call.uid})
      .set("volume", volume_to_json(call.volume));
}
Json to_json(const Finish& call) {
  return begin("finish").set("attempt", call.attempt).set("succeeded", call.succeeded);
}
Json to_json(const List& call) {
  return begin("list", call.place).set("after", encode_bytes(call.after));
}
Json to_json(const Stat& call) { return begin("stat", call.place); }
Json to_json(const Usage& call) { return begin("usage", call.place); }
Json to_json(const Remove& call) {
  return begin("remove", call.place).set("wholeVolume", call.whole_volume);
}
Json to_json(const Copy& call) {
  return begin("copy", call.place)
      .set("intoVolume", call.into_volume)
      .set("makeVolume", call.make_volume);
}
Json to_json(const Share& call) {
  return begin("share", call.place).set("with", call.with).set("readOnly", call.read_only);
}
Json to_json(const Unshare& call) { return begin("unshare", call.place).set("with", call.with); }
Json to_json(const Collect& call) { return begin("collect", call.place); }
Json to_json(const Check& call) { return begin("check", call.place).set("repair", call.repair); }
Json to_json(const Metrics&) { return begin("metrics"); }

Call open_from(Fields& fields) {
  Open call;
  call.ticket = number_of(fields, "ticket");
  call.namespace_name = fields.text("namespace");
  call.activation_id = fields.text("activation");
  call.uid = static_cast<uid_t>(fields.whole("uid", 0, std::numeric_limits<uid_t>::max()));
  call.volume = fields.take(volume_from(fields.object("volume")));
  return call;
}

Call hello_from(Fields& fields) {
  Hello call{fields.text("client"), fields.whole("protocol")};
  if (!is_client(call.client)) fields.fail("\"client\" is no name of a client");
  return call;
}

Call call_from(const std::string& name, Fields& fields) {
  if (name == "hello") return hello_from(fields);
  if (name == "open") return open_from(fields);
  if (name == "finish") return Finish{number_of(fields, "attempt"), fields.flag("succeeded")};
  if (name == "list") return List{place_of(fields), fields.bytes("after")};
  if (name == "stat") return Stat{place_of(fields)};
  if (name == "usage") return Usage{place_of(fields)};
  if (name == "remove") return Remove{place_of(fields), fields.flag("wholeVolume")};
  if (name == "copy") {
    return Copy{place_of(fields), fields.flag("intoVolume"), fields.flag("makeVolume")};
  }
  if (name == "share") {
    return Share{place_of(fields), fields.text("with"), fields.flag("readOnly")};
  }
  if (name == "unshare") return Unshare{place_of(fields), fields.text("with")};
  if (name == "collect") return Collect{place_of(fields)};
  if (name == "check") return Check{place_of(fields), fields.flag("repair")};
  if (name != "metrics") fields.fail("an unknown call");
  return Metrics{};
}

Json error_to_json(const Error& error) {
  return Json::object(
      {{"code", std::string(base::name_of(error.code))}, {"message", error.message}});
}

Error error_from(const Json& json, Fields& outer) {
  Fields fields(json);
  const std::string name = fields.text("code");
  const auto* const code = std::ranges::find(kCodes, name, base::name_of);
  if (code == kCodes.end()) fields.fail("an unknown code of an error");
  const std::string message = fields.text("message");
  outer.take(fields.finish(true));
  return {code == kCodes.end() ? ErrorCode::kInternal : *code, message};
}

}  // namespace

std::string encode(const Numbered& call) {
  Json json = std::visit([](const auto& any) { return to_json(any); }, call.call);
  json.set("id", call.id);
  return json.to_string();
}

Result<Numbered> decode_call(std::string_view bytes) {
  TRY(const Json json, Json::parse(bytes));
  Fields fields(json);
  Numbered call;
  call.id = number_of(fields, "id");
  const std::string name = fields.text("call");
  call.call = call_from(name, fields);
  return fields.finish(std::move(call));
}

std::string encode(const Answer& answer) {
  Json json = Json::object({{"id", answer.id}});
  if (answer.value) {
    json.set("ok", *answer.value);
  } else {
    json.set("error", error_to_json(answer.value.error()));
  }
  return json.to_string();
}

Result<Answer> decode_answer(std::string_view bytes) {
  TRY(const Json json, Json::parse(bytes));
  Fields fields(json);
  const CallId id = number_of(fields, "id");
  if (const Json* error = fields.find("error")) {
    return fields.finish(Answer{id, error_from(*error, fields)});
  }
  return fields.finish(Answer{id, fields.object("ok")});
}

Json to_json(const Welcome& welcome) {
  return Json::object({{"protocol", welcome.protocol}, {"node", welcome.node}});
}

Result<Welcome> welcome_from(const Json& json) {
  Fields fields(json);
  return fields.finish(Welcome{fields.whole("protocol"), fields.text("node")});
}

Json to_json(const Opened& opened) { return Json::object({{"attempt", opened.attempt}}); }

Result<Opened> opened_from(const Json& json) {
  Fields fields(json);
  return fields.finish(Opened{static_cast<AttemptNumber>(fields.whole("attempt", 1))});
}

}  // namespace storage_control
