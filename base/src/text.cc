#include "base/text.h"

#include <algorithm>
#include <vector>

#include "base/utf8.h"

namespace base {
namespace {

constexpr std::size_t kQuotedBytesMax = 64;
constexpr std::size_t kComparedBytesMax = 64;  // no name of ours is longer; bounds the comparison

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

void append_escape(std::string& out, unsigned code) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kHex[(code >> shift) & 15];
}

// Length of the line-breaking or terminal-driving character at the start of `text`, and its code;
// length 0 when the text starts with something harmless. `text` is UTF-8.
std::pair<std::size_t, unsigned> control_at(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x20 || byte(0) == 0x7F) return {1, byte(0)};
  if (byte(0) == 0xC2 && byte(1) < 0xA0) return {2, byte(1)};  // C1 controls
  if (text.starts_with("\u2028")) return {3, 0x2028};          // line separator
  if (text.starts_with("\u2029")) return {3, 0x2029};          // paragraph separator
  return {0, 0};
}

// How many letters must be changed, added, left out or swapped with their neighbour.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> steps(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        steps[i][j] = i + j;
        continue;
      }
      const std::size_t changed = steps[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      steps[i][j] = std::min({changed, steps[i - 1][j] + 1, steps[i][j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        steps[i][j] = std::min(steps[i][j], steps[i - 2][j - 2] + 1);
      }
    }
  }
  return steps[a.size()][b.size()];
}

// A name that was cut short, or got something appended, is as near as one with one letter wrong.
std::size_t unlikeness(std::string_view wrong, std::string_view name) {
  constexpr std::size_t kBeginning = 3;
  const std::size_t common = std::min(wrong.size(), name.size());
  const bool begins = common >= kBeginning && wrong.substr(0, common) == name.substr(0, common);
  return begins ? std::min<std::size_t>(distance(wrong, name), 1) : distance(wrong, name);
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string lower_case(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), lower);
  return result;
}

void append_one_line(std::string& out, std::string_view text) {
  std::string mended;
  if (!is_utf8(text)) text = mended = to_utf8(text);
  while (!text.empty()) {
    const auto [length, code] = control_at(text);
    if (length == 0) {
      out += text.front();
    } else if (code == '\n' || code == '\r' || code == '\t') {
      out += code == '\n' ? "\\n" : code == '\r' ? "\\r" : "\\t";
    } else {
      append_escape(out, code);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
}

std::string quoted(std::string_view text) {
  std::string_view shown = text.substr(0, kQuotedBytesMax);
  if (shown.size() < text.size()) {
    // Not in the middle of a character.
    while (!shown.empty() && (static_cast<unsigned char>(text[shown.size()]) & 0xC0) == 0x80) {
      shown.remove_suffix(1);
    }
  }
  std::string result = "\"";
  append_one_line(result, shown);
  return result += shown.size() < text.size() ? "...\"" : "\"";
}

std::string quoted_list(std::span<const std::string_view> names) {
  std::string result;
  for (const std::string_view name : names) result += (result.empty() ? "" : ", ") + quoted(name);
  return result;
}

std::string_view nearest(std::string_view wrong, std::span<const std::string_view> known) {
  if (wrong.size() > kComparedBytesMax) return {};
  std::string_view best;
  // Up to a third of the letters wrong is a typing error; more is another word.
  std::size_t best_distance = std::max<std::size_t>(wrong.size() / 3, 1) + 1;
  for (const std::string_view name : known) {
    const std::size_t here = unlikeness(lower_case(wrong), lower_case(name));
    if (here < best_distance) {
      best = name;
      best_distance = here;
    }
  }
  return best;
}

}  // namespace base
