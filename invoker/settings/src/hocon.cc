#include "hocon.h"

#include <algorithm>

#include "base/text.h"
#include "hocon_scanner.h"

namespace invoker_settings {
namespace {

using base::Json;

constexpr int kDepthMax = 64;

class Parser {
 public:
  explicit Parser(std::string_view text) : scanner_(text) {}

  base::Result<std::vector<Assignment>> document() {
    std::vector<Assignment> found;
    scanner_.skip_separators();
    const bool braces = scanner_.take('{');
    TRY_STATUS(members("", found, 0));
    if (braces && !scanner_.take('}')) return scanner_.bad("a '}' is missing at the end");
    scanner_.skip_separators();
    if (!scanner_.at_end())
      return scanner_.bad("found " + scanner_.shown_next() + " after the end");
    return found;
  }

 private:
  // Up to the '}' or the end, which stays.
  base::Status members(const std::string& path, std::vector<Assignment>& found, int depth) {
    if (depth > kDepthMax) return scanner_.bad("nested too deeply");
    while (true) {
      scanner_.skip_separators();
      if (scanner_.at_end() || scanner_.peek() == '}') return {};
      if (scanner_.take_include()) continue;
      TRY(const std::string name, key(path));
      TRY_STATUS(member(name, found, depth));
      if (!scanner_.at_separator()) {
        return scanner_.bad("found " + scanner_.shown_next() + " after the value of " +
                            base::quoted(name));
      }
    }
  }

  base::Result<std::string> key(std::string path) {
    do {
      TRY(const std::string part, scanner_.key_part());
      path = join_path(path, part);
    } while (scanner_.take('.'));
    scanner_.skip_blanks_and_lines();
    return path;
  }

  base::Status member(const std::string& name, std::vector<Assignment>& found, int depth) {
    if (scanner_.take('+')) {
      return scanner_.bad(base::quoted(name) + ": += is not read here; write the whole list");
    }
    const bool assigned = scanner_.take('=') || scanner_.take(':');
    if (assigned) scanner_.skip_blanks_and_lines();
    if (scanner_.take('{')) return object(name, found, depth);
    if (!assigned) return scanner_.bad(base::quoted(name) + " has no value: '=' is missing");
    TRY(Json value, simple_value(depth));
    found.push_back({name, std::move(value)});
    return {};
  }

  base::Status object(const std::string& name, std::vector<Assignment>& found, int depth) {
    TRY_STATUS(members(name, found, depth + 1));
    if (!scanner_.take('}')) return scanner_.bad("a '}' is missing after " + base::quoted(name));
    return {};
  }

  base::Result<Json> simple_value(int depth) {
    if (scanner_.take('[')) return list(depth + 1);
    return scanner_.scalar();
  }

  base::Result<Json> list(int depth) {
    if (depth > kDepthMax) return scanner_.bad("nested too deeply");
    Json::Array items;
    while (true) {
      scanner_.skip_separators();
      if (scanner_.at_end()) return scanner_.bad("a ']' is missing");
      if (scanner_.take(']')) return Json(std::move(items));
      TRY(Json item, list_item(depth));
      items.push_back(std::move(item));
      if (!scanner_.at_separator()) {
        return scanner_.bad("found " + scanner_.shown_next() + " in a list");
      }
    }
  }

  base::Result<Json> list_item(int depth) {
    if (!scanner_.take('{')) return simple_value(depth);
    std::vector<Assignment> found;
    TRY_STATUS(object("", found, depth));
    Json item = Json::object();
    for (Assignment& one : found) item.set(std::move(one.path), std::move(one.value));
    return item;
  }

  HoconScanner scanner_;
};

}  // namespace

std::string join_path(std::string_view path, std::string_view part) {
  std::string result(path);
  if (!path.empty()) result += '.';
  if (!part.empty() && part.find_first_of(".\"") == part.npos) return result.append(part);
  base::append_json_string(result, part);
  return result;
}

base::Result<std::vector<Assignment>> parse_hocon(std::string_view text) {
  return Parser(text).document();
}

}  // namespace invoker_settings
