#include "environment.h"

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "base/base64.h"
#include "hocon.h"
#include "keys.h"

namespace invoker_settings {
namespace {

using Variables = std::map<std::string, std::string, std::less<>>;

constexpr std::string_view kPrefix = "CONFIG_";

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

Variables by_name(std::span<const std::string> variables) {
  Variables result;
  for (const std::string& variable : variables) {
    const std::size_t equals = variable.find('=');
    if (equals == variable.npos) continue;
    result.insert_or_assign(variable.substr(0, equals), variable.substr(equals + 1));
  }
  return result;
}

// userMemory: user-memory. WhiskAuth: WhiskAuth.
std::string kebab(std::string_view part) {
  if (!part.empty() && is_upper(part.front())) return std::string(part);
  std::string result;
  char before = '\0';
  for (const char c : part) {
    if (is_upper(c) && is_lower_or_digit(before)) result += '-';
    const bool lowered = is_upper(c) && is_lower_or_digit(before);
    result += lowered ? static_cast<char>(c - 'A' + 'a') : c;
    before = c;
  }
  return result;
}

// OpenWhisk's start script hands values over in single quotes on a shell's command line, so a pair
// of single quotes inside a value disappears.
std::string without_quote_pairs(std::string value) {
  if (std::ranges::count(value, '\'') % 2 == 0) std::erase(value, '\'');
  return value;
}

// `base64` breaks its lines.
std::string without_blanks(std::string text) {
  std::erase_if(text, [](char c) { return c == '\n' || c == '\r' || c == ' '; });
  return text;
}

// "$OTHER" stands for the value of OTHER, where that has one.
std::string followed(const std::string& value, const Variables& variables) {
  if (!value.starts_with('$')) return value;
  const auto other = variables.find(std::string_view(value).substr(1));
  return other == variables.end() || other->second.empty() ? value : other->second;
}

base::Status add_hocon(const Variables& variables, Layers& layers) {
  for (const std::string_view name : {"OPENWHISK_CONFIG", "OPENWHISK_ENCODED_CONFIG"}) {
    const auto variable = variables.find(name);
    if (variable == variables.end() || variable->second.empty()) continue;
    const bool encoded = name == "OPENWHISK_ENCODED_CONFIG";
    const auto text = encoded ? base::decode_base64(without_blanks(variable->second))
                              : std::optional(variable->second);
    const std::string origin = "environment " + std::string(name);
    if (!text) return base::Error{base::ErrorCode::kInvalidArgument, origin + " is no base64"};
    auto assignments = parse_hocon(*text);
    if (!assignments) {
      return base::Error{assignments.error().code, origin + ": " + assignments.error().message};
    }
    for (Assignment& one : *assignments) {
      const std::string shown = one.path + " in " + std::string(name);
      layers.set(one.path, {std::move(one.value), Source::kFile, origin, shown});
    }
    return {};
  }
  return {};
}

// In the order of their names; the order in which variables come means nothing.
void add_config_variables(const Variables& variables, Layers& layers) {
  for (const auto& [name, raw] : variables) {
    if (!name.starts_with(kPrefix) || name.size() == kPrefix.size()) continue;
    const std::string value = without_quote_pairs(followed(raw, variables));
    if (value.empty()) continue;
    layers.set(path_of_variable(name), {value, Source::kVariable, "environment " + name, name});
  }
}

// As a shell would take the text apart, without expanding anything.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::optional<std::string> word;
  char quote = '\0';
  for (const char c : text) {
    if (quote != '\0') {
      if (c == quote) {
        quote = '\0';
      } else {
        *word += c;
      }
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      if (word) words.push_back(*std::exchange(word, std::nullopt));
    } else {
      if (!word) word.emplace();
      if (c == '"' || c == '\'') {
        quote = c;
      } else {
        *word += c;
      }
    }
  }
  if (word) words.push_back(*word);
  return words;
}

void add_options(const Variables& variables, Layers& layers) {
  for (const std::string_view name : {"JAVA_OPTS", "INVOKER_OPTS"}) {
    const auto variable = variables.find(name);
    if (variable == variables.end()) continue;
    const std::string origin = "environment " + std::string(name);
    for (const std::string& word : words_of(variable->second)) {
      add_option(word, origin, Source::kOption, layers);
    }
  }
}

void add_named(const Variables& variables, Layers& layers) {
  for (const std::string_view name : named_variables()) {
    const auto variable = variables.find(name);
    if (variable == variables.end() || variable->second.empty()) continue;
    layers.set(variable->first, {variable->second, Source::kVariable,
                                 "environment " + variable->first, variable->first});
  }
}

}  // namespace

std::string path_of_variable(std::string_view variable) {
  std::string_view rest = variable;
  if (rest.starts_with(kPrefix)) rest.remove_prefix(kPrefix.size());
  std::string path;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('_'), rest.size());
    if (end > 0) path = join_path(path, kebab(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return path;
}

bool add_option(const std::string& word, const std::string& origin, Source source, Layers& layers) {
  if (!word.starts_with("-D") || word.size() == 2) return false;
  const std::size_t equals = std::min(word.find('='), word.size());
  const std::string path = word.substr(2, equals - 2);
  const std::string value = word.substr(std::min(equals + 1, word.size()));
  layers.set(path, {value, source, origin + " -D" + path, "-D" + path});
  return true;
}

base::Status add_environment(std::span<const std::string> variables, Layers& layers) {
  const Variables all = by_name(variables);
  TRY_STATUS(add_hocon(all, layers));
  add_config_variables(all, layers);
  add_options(all, layers);
  add_named(all, layers);
  return {};
}

}  // namespace invoker_settings
