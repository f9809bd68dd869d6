#include "hints/rules.h"

#include <algorithm>

#include "base/text.h"
#include "hints/parse.h"

namespace hints {
namespace {

constexpr std::string_view kAnyDirectories = "**";
constexpr std::size_t kNone = std::string_view::npos;

// Walks through the names of a path.
class Names {
 public:
  explicit Names(std::string_view path) : rest_(path) {}

  bool done() const { return done_; }
  std::string_view here() const { return rest_.substr(0, rest_.find('/')); }
  bool last() const { return rest_.find('/') == kNone; }
  void next() {
    done_ = last();
    if (!done_) rest_.remove_prefix(rest_.find('/') + 1);
  }

 private:
  std::string_view rest_;
  bool done_ = false;
};

// Bytes of the UTF-8 character that starts `text`.
std::size_t character(std::string_view text) {
  std::size_t length = 1;
  while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80)
    ++length;
  return length;
}

// One name against one name of the pattern. When a later part fails, only the last star needs to
// take one character more: what an earlier star took can stay as it is.
bool name_matches(std::string_view pattern, std::string_view name) {
  std::string_view star_pattern;
  std::string_view star_name;
  bool star = false;
  while (true) {
    if (pattern.starts_with('*')) {
      pattern.remove_prefix(1);
      star = true;
      star_pattern = pattern;
      star_name = name;
    } else if (pattern.empty() && name.empty()) {
      return true;
    } else if (!pattern.empty() && !name.empty() && (pattern[0] == '?' || pattern[0] == name[0])) {
      name.remove_prefix(pattern[0] == '?' ? character(name) : 1);
      pattern.remove_prefix(1);
    } else if (star && !star_name.empty()) {
      star_name.remove_prefix(character(star_name));
      pattern = star_pattern;
      name = star_name;
    } else {
      return false;
    }
  }
}

// The same walk, one level up: `**` is the star, a name is the character.
bool path_matches(Names pattern, Names path) {
  std::optional<Names> star_pattern;
  std::optional<Names> star_path;
  while (true) {
    if (!pattern.done() && pattern.here() == kAnyDirectories) {
      if (pattern.last()) return !path.done();  // everything below, and there must be something
      pattern.next();
      star_pattern = pattern;
      star_path = path;
    } else if (pattern.done() && path.done()) {
      return true;
    } else if (!pattern.done() && !path.done() && name_matches(pattern.here(), path.here())) {
      pattern.next();
      path.next();
    } else if (star_path && !star_path->done()) {
      star_path->next();
      pattern = *star_pattern;
      path = *star_path;
    } else {
      return false;
    }
  }
}

std::string name_fault(std::string_view name) {
  if (name.empty()) return "has an empty name between two '/'";
  if (name == "." || name == "..") return "holds \"" + std::string(name) + "\"";
  if (name != kAnyDirectories && name.find(kAnyDirectories) != kNone) {
    return "holds \"**\" beside other characters; it stands for a whole name";
  }
  return "";
}

std::string pattern_fault(std::string_view pattern) {
  if (pattern.empty()) return "is empty";
  if (pattern.size() > kPathBytesMax) {
    return "is longer than " + std::to_string(kPathBytesMax) + " bytes";
  }
  if (pattern.starts_with('/')) return "begins with '/'; it is relative to the volume";
  if (pattern.ends_with('/')) return "ends with '/'; for what lies in a directory write DIR/**";
  if (pattern.starts_with('!')) return "begins with '!', which is reserved";
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (std::ranges::any_of(pattern, is_control)) return "holds a control character";
  if (const auto at = pattern.find_first_of("[]{}\\"); at != kNone) {
    return std::string("holds '") + pattern[at] + "'; only *, ** and ? have a meaning";
  }
  for (Names names(pattern); !names.done(); names.next()) {
    if (std::string fault = name_fault(names.here()); !fault.empty()) return fault;
  }
  return "";
}

bool covers(const PathRule& earlier, const PathRule& later) {
  if (earlier.match == kAnyDirectories || earlier.match == later.match) return true;
  const auto directory = directory_of(earlier);
  if (!directory || !later.match.starts_with(*directory)) return false;
  return later.match.substr(directory->size()).starts_with('/');
}

bool is_within(std::string_view path, std::string_view directory) {
  return path == directory ||
         (path.starts_with(directory) && path.substr(directory.size()).starts_with('/'));
}

bool may_match_below(std::string_view pattern, std::string_view directory) {
  if (pattern.find('/') == kNone) return true;
  Names names(pattern);
  for (Names path(directory); !directory.empty() && !path.done(); path.next()) {
    if (names.done()) return false;
    if (names.here() == kAnyDirectories) return true;
    if (!name_matches(names.here(), path.here())) return false;
    names.next();
  }
  return !names.done();
}

}  // namespace

base::Status check_pattern(std::string_view pattern) {
  const std::string fault = pattern_fault(pattern);
  if (fault.empty()) return {};
  return base::Error{base::ErrorCode::kInvalidArgument, base::quoted(pattern) + " " + fault};
}

bool matches(std::string_view pattern, std::string_view relative_path) {
  if (relative_path.empty()) return false;
  if (pattern.find('/') != kNone || pattern == kAnyDirectories) {
    return path_matches(Names(pattern), Names(relative_path));
  }
  return name_matches(pattern, relative_path.substr(relative_path.rfind('/') + 1));
}

Tier tier_of(const Volume& volume, std::string_view relative_path) {
  for (const PathRule& rule : volume.rules) {
    if (matches(rule.match, relative_path)) return rule.tier;
  }
  return volume.tier;
}

bool may_hold(const Volume& volume, std::string_view directory, Tier tier) {
  for (const PathRule& rule : volume.rules) {
    const auto whole = directory_of(rule);
    // It decides of everything below.
    if (whole && is_within(directory, *whole)) return rule.tier == tier;
    if (rule.tier == tier && may_match_below(rule.match, directory)) return true;
  }
  return false;
}

std::optional<std::string_view> directory_of(const PathRule& rule) {
  const std::string_view match = rule.match;
  if (!match.ends_with("/**")) return std::nullopt;
  const std::string_view directory = match.substr(0, match.size() - 3);
  if (directory.empty() || directory.find_first_of("*?") != kNone) return std::nullopt;
  return directory;
}

std::vector<PathRule> effective_rules(const Volume& volume) {
  std::vector<PathRule> rules;
  for (const PathRule& rule : volume.rules) {
    const auto covered = [&](const PathRule& earlier) { return covers(earlier, rule); };
    if (std::ranges::none_of(rules, covered)) rules.push_back(rule);
  }
  while (!rules.empty() && rules.back().tier == volume.tier) rules.pop_back();
  return rules;
}

}  // namespace hints
