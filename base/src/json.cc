#include "base/json.h"

#include <algorithm>
#include <charconv>

#include "json_scanner.h"

namespace base {

Json Json::object(std::initializer_list<Member> members) {
  Json result;
  result.value_ = Object{};
  for (const auto& [key, value] : members) result.set(key, value);
  return result;
}

Json Json::number(std::string text) {
  JsonScanner scan(text, false);
  std::string_view whole;
  CHECK(scan.take_number(whole) && scan.done());
  Json result;
  result.value_ = Number{std::move(text)};
  return result;
}

// Digits with an exponent or a fraction that is zero: "1e2", "1.0", "12.50e1". Nothing else is
// whole.
static std::optional<std::int64_t> whole_of_decimal(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const auto significand = text.substr(0, text.find_first_of("eE"));
  if (significand.find_first_not_of("0.") == significand.npos) return 0;
  std::int64_t exponent = 0;
  if (const auto at = significand.size(); at != text.size()) {
    auto digits = text.substr(at + 1);
    if (digits.starts_with('+')) digits.remove_prefix(1);
    const auto end = digits.data() + digits.size();
    if (std::from_chars(digits.data(), end, exponent).ec != std::errc{}) return std::nullopt;
    if (exponent > 100 || exponent < -100) return std::nullopt;
    text = significand;
  }
  std::string digits(text.substr(0, text.find('.')));
  if (const auto dot = text.find('.'); dot != text.npos) {
    digits += text.substr(dot + 1);
    exponent -= static_cast<std::int64_t>(text.size() - dot - 1);
  }
  for (; exponent < 0 && digits.size() > 1 && digits.back() == '0'; ++exponent) digits.pop_back();
  if (exponent < 0) return std::nullopt;
  digits.append(static_cast<std::size_t>(exponent), '0');
  if (negative) digits.insert(0, "-");
  std::int64_t result = 0;
  const auto end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, result);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return result;
}

std::optional<std::int64_t> Json::as_int64() const {
  if (!is_number()) return std::nullopt;
  return whole_of_decimal(number_text());
}

const Json* Json::find(std::string_view key) const {
  if (!is_object()) return nullptr;
  const auto& object = members();
  const auto at = std::ranges::find(object, key, &Member::first);
  return at == object.end() ? nullptr : &at->second;
}

Json* Json::find(std::string_view key) {
  return const_cast<Json*>(static_cast<const Json*>(this)->find(key));
}

Json& Json::set(std::string key, Json value) {
  if (is_null()) value_ = Object{};
  if (Json* existing = find(key)) {
    *existing = std::move(value);
  } else {
    members().emplace_back(std::move(key), std::move(value));
  }
  return *this;
}

void Json::erase(std::string_view key) {
  if (is_object()) {
    std::erase_if(members(), [&](const Member& m) { return m.first == key; });
  }
}

Json& Json::append(Json value) {
  if (is_null()) value_ = Array{};
  items().push_back(std::move(value));
  return *this;
}

void append_json_string(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  std::size_t clean = 0;  // start of the run of characters that need no escape
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, clean, i - clean);
    clean = i + 1;
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += "\\u00";
        out += kHex[c >> 4];
        out += kHex[c & 15];
    }
  }
  out.append(text, clean);
  out += '"';
}

namespace {

// Writes one value; `indent` < 0 is compact, else the present depth of a pretty print.
class Writer {
 public:
  Writer(std::string& out, bool pretty) : out_(out), pretty_(pretty) {}

  void write(const Json& value) {
    switch (value.type()) {
      case Json::Type::kNull:
        out_ += "null";
        break;
      case Json::Type::kBool:
        out_ += value.as_bool() ? "true" : "false";
        break;
      case Json::Type::kNumber:
        out_ += value.number_text();
        break;
      case Json::Type::kString:
        append_json_string(out_, value.as_string());
        break;
      case Json::Type::kArray:
        write_all('[', value.items(), ']', [this](const Json& item) { write(item); });
        break;
      case Json::Type::kObject:
        write_all('{', value.members(), '}', [this](const Json::Member& member) {
          append_json_string(out_, member.first);
          out_ += pretty_ ? ": " : ":";
          write(member.second);
        });
        break;
    }
  }

 private:
  void write_all(char open, const auto& entries, char close, const auto& write_one) {
    out_ += open;
    ++depth_;
    bool first = true;
    for (const auto& entry : entries) {
      if (!std::exchange(first, false)) out_ += ',';
      break_line();
      write_one(entry);
    }
    --depth_;
    if (!first) break_line();
    out_ += close;
  }

  void break_line() {
    if (pretty_) out_.append(1, '\n').append(2 * depth_, ' ');
  }

  std::string& out_;
  bool pretty_;
  std::size_t depth_ = 0;
};

}  // namespace

void Json::write_to(std::string& out) const { Writer(out, false).write(*this); }

std::string Json::to_string() const {
  std::string out;
  write_to(out);
  return out;
}

std::string Json::to_pretty_string() const {
  std::string out;
  Writer(out, true).write(*this);
  return out;
}

bool operator==(const Json& a, const Json& b) {
  if (!a.is_object() || !b.is_object()) return a.value_ == b.value_;
  return a.members().size() == b.members().size() &&
         std::ranges::all_of(a.members(), [&](const Json::Member& member) {
           const Json* other = b.find(member.first);
           return other != nullptr && member.second == *other;
         });
}

}  // namespace base
