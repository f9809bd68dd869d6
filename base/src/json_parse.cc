// Reading JSON: RapidJSON finds the tokens, the builder below makes the value.
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <unordered_map>

#include "base/json.h"
#include "base/utf8.h"

namespace base {
namespace {

constexpr std::size_t kDepthMax = 1000;
constexpr std::size_t kNumberLengthMax = 100;
// From this many members on, repeated keys are looked for by hashing instead of by comparing all.
constexpr std::size_t kMembersCompared = 16;

class Builder : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Builder> {
 public:
  bool Default() { return false; }  // every token is handled below
  bool Null() { return add(Json()); }
  bool Bool(bool value) { return add(Json(value)); }
  bool RawNumber(const char* text, rapidjson::SizeType length, bool) {
    if (length > kNumberLengthMax) return refuse("a number of more than 100 characters");
    return add(Json::number(std::string(text, length)));
  }
  bool String(const char* text, rapidjson::SizeType length, bool) {
    return add(Json(std::string(text, length)));
  }
  bool Key(const char* text, rapidjson::SizeType length, bool) {
    keys_.emplace_back(text, length);
    return true;
  }
  bool StartArray() { return open(); }
  bool StartObject() { return open(); }
  bool EndArray(rapidjson::SizeType count) {
    Json::Array items(count);
    std::move(stack_.end() - count, stack_.end(), items.begin());
    return close(count, Json(std::move(items)));
  }
  bool EndObject(rapidjson::SizeType count) {
    Json object = Json::object();
    if (count < kMembersCompared) {
      for (std::size_t i = 0; i < count; ++i) object.set(key(count, i), value(count, i));
    } else {
      fill_by_hash(object, count);
    }
    keys_.resize(keys_.size() - count);
    return close(count, std::move(object));
  }

  Json take() { return std::move(stack_.front()); }
  const char* refusal() const { return refusal_; }

 private:
  bool refuse(const char* why) {
    refusal_ = why;
    return false;
  }
  bool add(Json value) {
    stack_.push_back(std::move(value));
    return true;
  }
  bool open() { return ++depth_ <= kDepthMax || refuse("more than 1000 levels of nesting"); }
  bool close(std::size_t count, Json value) {
    --depth_;
    stack_.resize(stack_.size() - count);
    return add(std::move(value));
  }
  std::string key(std::size_t count, std::size_t i) {
    return std::move(keys_[keys_.size() - count + i]);
  }
  Json value(std::size_t count, std::size_t i) {
    return std::move(stack_[stack_.size() - count + i]);
  }
  void fill_by_hash(Json& object, std::size_t count) {
    std::unordered_map<std::string, std::size_t> last;  // key → its last place
    for (std::size_t i = 0; i < count; ++i) last[keys_[keys_.size() - count + i]] = i;
    Json::Object& members = object.members();
    members.reserve(last.size());
    for (std::size_t i = 0; i < count; ++i) {
      if (last[keys_[keys_.size() - count + i]] == i) {
        members.emplace_back(key(count, i), value(count, i));
      }
    }
  }

  std::vector<Json> stack_;  // finished values whose container is still open
  std::vector<std::string> keys_;
  std::size_t depth_ = 0;
  const char* refusal_ = nullptr;
};

Result<Json> parse_utf8(std::string_view text) {
  constexpr unsigned kFlags =
      rapidjson::kParseNumbersAsStringsFlag | rapidjson::kParseIterativeFlag;
  rapidjson::MemoryStream stream(text.data(), text.size());
  rapidjson::Reader reader;
  Builder builder;
  const auto outcome = reader.Parse<kFlags>(stream, builder);
  if (!outcome.IsError()) return builder.take();
  const char* why =
      builder.refusal() ? builder.refusal() : rapidjson::GetParseError_En(outcome.Code());
  return Error{ErrorCode::kInvalidArgument, "no valid JSON: " + std::string(why) + " at byte " +
                                                std::to_string(outcome.Offset())};
}

}  // namespace

Result<Json> Json::parse(std::string_view text) {
  if (is_utf8(text)) return parse_utf8(text);
  return parse_utf8(to_utf8(text));
}

}  // namespace base
