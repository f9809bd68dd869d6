// Reading JSON.
//
// A reader of our own, because the usual ones want to know what a number is worth: RapidJSON 1.1
// refuses 1E400 and halves of surrogate pairs, both of which a function may well say, and takes
// whatever follows a NUL for a comment.
#include <algorithm>
#include <numeric>

#include "base/json.h"
#include "base/utf8.h"
#include "json_scanner.h"

namespace base {
namespace {

constexpr std::size_t kDepthMax = 1000;
// From this many members on, repeated keys are found by sorting instead of by comparing all.
constexpr std::size_t kMembersCompared = 16;

// Keeps the place of a repeated key's first member and the value of its last.
void fold_repeated(Json::Object& members) {
  Json::Object kept;
  for (Json::Member& member : members) {
    const auto same = std::ranges::find(kept, member.first, &Json::Member::first);
    if (same == kept.end()) {
      kept.push_back(std::move(member));
    } else {
      same->second = std::move(member.second);
    }
  }
  members = std::move(kept);
}

// The same in n log n steps whatever the keys are; a hash table could be driven to n².
void fold_repeated_of_many(Json::Object& members) {
  std::vector<std::size_t> order(members.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    const int difference = members[a].first.compare(members[b].first);
    return difference != 0 ? difference < 0 : a < b;
  });
  std::vector<bool> repeated(members.size());
  for (std::size_t i = 0; i < order.size();) {
    std::size_t next = i + 1;
    for (; next < order.size() && members[order[next]].first == members[order[i]].first; ++next) {
      members[order[i]].second = std::move(members[order[next]].second);
      repeated[order[next]] = true;
    }
    i = next;
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (repeated[i]) continue;
    if (i != kept) members[kept] = std::move(members[i]);
    ++kept;
  }
  members.resize(kept);
}

// Reads without recursion: open containers stand on a stack of its own.
class Parser {
 public:
  Parser(std::string_view text, bool comments) : scan_(text, comments) {}

  Result<Json> parse() {
    Json root;
    if (parse_root(root)) return root;
    return Error{ErrorCode::kInvalidArgument, "no valid JSON: " + std::string(scan_.fault()) +
                                                  " at byte " + std::to_string(scan_.at())};
  }

 private:
  struct Open {
    bool is_object;
    Json::Array items;
    Json::Object members;
    std::string key;  // of the value that is being read
  };

  bool parse_root(Json& root) {
    if (!scan_.skip_blanks()) return false;
    do {
      if (!begin_value(root)) return false;
      if (opened_) continue;
      if (!end_values(root)) return false;
    } while (!open_.empty());
    return scan_.skip_blanks() && (scan_.done() || scan_.fail("text after the value"));
  }

  // Reads a whole scalar or empty container into `value`, or opens a container.
  bool begin_value(Json& value) {
    opened_ = false;
    switch (scan_.peek()) {
      case '{':
      case '[':
        return open(value);
      case '"': {
        std::string text;
        if (!scan_.take_string(text)) return false;
        value = Json(std::move(text));
        return true;
      }
      case 't':
        value = Json(true);
        return scan_.take_word("true");
      case 'f':
        value = Json(false);
        return scan_.take_word("false");
      case 'n':
        value = Json();
        return scan_.take_word("null");
      default: {
        std::string_view number;
        if (!scan_.take_number(number)) return false;
        value = Json::number(std::string(number));
        return true;
      }
    }
  }

  bool open(Json& value) {
    if (open_.size() == kDepthMax) return scan_.fail("more than 1000 levels of nesting");
    const bool is_object = scan_.take('{');
    if (!is_object) scan_.take('[');
    if (!scan_.skip_blanks()) return false;
    if (scan_.take(is_object ? '}' : ']')) {
      value = is_object ? Json::object() : Json::array();
      return true;
    }
    opened_ = true;
    open_.push_back({is_object, {}, {}, {}});
    return !is_object || take_key();
  }

  bool take_key() {
    std::string& key = open_.back().key;
    key.clear();
    if (!scan_.take_string(key) || !scan_.skip_blanks()) return false;
    return (scan_.take(':') || scan_.fail("expected ':'")) && scan_.skip_blanks();
  }

  // `value` is complete: puts it into its container, and that into its own, while they end here.
  bool end_values(Json& value) {
    while (!open_.empty()) {
      Open& container = open_.back();
      if (container.is_object) {
        container.members.emplace_back(std::move(container.key), std::move(value));
      } else {
        container.items.push_back(std::move(value));
      }
      if (!scan_.skip_blanks()) return false;
      if (scan_.take(',')) return scan_.skip_blanks() && (!container.is_object || take_key());
      if (!scan_.take(container.is_object ? '}' : ']')) {
        return scan_.fail(container.is_object ? "expected ',' or '}'" : "expected ',' or ']'");
      }
      value = closed(container);
      open_.pop_back();
    }
    return true;
  }

  static Json closed(Open& container) {
    if (!container.is_object) return Json(std::move(container.items));
    const bool few = container.members.size() < kMembersCompared;
    few ? fold_repeated(container.members) : fold_repeated_of_many(container.members);
    Json object = Json::object();
    object.members() = std::move(container.members);
    return object;
  }

  JsonScanner scan_;
  std::vector<Open> open_;
  bool opened_ = false;  // the last value began a container that is still open
};

Result<Json> parse_bytes_of_json(std::string_view bytes, bool comments) {
  if (is_utf8(bytes)) return Parser(bytes, comments).parse();
  return Parser(to_utf8(bytes), comments).parse();
}

}  // namespace

Result<Json> Json::parse(std::string_view text) { return parse_bytes_of_json(text, false); }

Result<Json> Json::parse_with_comments(std::string_view text) {
  return parse_bytes_of_json(text, true);
}

}  // namespace base
