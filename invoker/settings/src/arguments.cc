#include "arguments.h"

#include <charconv>
#include <limits>

#include "base/text.h"
#include "environment.h"

namespace invoker_settings {
namespace {

base::Error bad(const std::string& what) {
  return {base::ErrorCode::kInvalidArgument, "command line: " + what};
}

std::optional<int> id_of(std::string_view word) {
  int id = 0;
  const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), id);
  if (error != std::errc{} || stop != word.data() + word.size() || id < 0) return std::nullopt;
  return id;
}

base::Status set_id(std::string_view name, std::string_view value, std::optional<int>& id) {
  id = id_of(value);
  if (id) return {};
  return bad(std::string(name) + ": " + base::quoted(value) + " is no whole number from 0 to " +
             std::to_string(std::numeric_limits<int>::max()));
}

// A blank name counts as not given.
void set_name(std::string_view value, std::optional<std::string>& name) {
  const std::string_view text = base::trimmed(value);
  name = text.empty() ? std::nullopt : std::optional(std::string(text));
}

std::optional<Task> task_of(std::string_view word) {
  if (word == "--print-config") return Task::kPrintSettings;
  if (word == "--help" || word == "-h") return Task::kHelp;
  if (word == "--version") return Task::kVersion;
  return std::nullopt;
}

base::Status set_value(const std::string& name, const std::string& value,
                       IdentitySettings& identity) {
  if (name == "--id") return set_id(name, value, identity.id);
  if (name == "--overwriteId") return set_id(name, value, identity.overwrite_id);
  set_name(value, name == "--uniqueName" ? identity.unique_name : identity.displayed_name);
  return {};
}

bool takes_value(std::string_view word) {
  return word == "--id" || word == "--overwriteId" || word == "--uniqueName" ||
         word == "--displayedName";
}

}  // namespace

base::Result<Arguments> parse_arguments(std::span<const std::string> words, Layers& layers) {
  Arguments arguments;
  for (std::size_t at = 0; at < words.size(); ++at) {
    const std::string& word = words[at];
    if (const auto task = task_of(word)) {
      arguments.task = *task;
    } else if (takes_value(word)) {
      if (++at == words.size()) return bad(word + " lacks its value");
      TRY_STATUS(set_value(word, words[at], arguments.identity));
    } else if (words.size() == 1 && id_of(word)) {
      arguments.identity.id = id_of(word);
    } else if (!add_option(word, "command line", Source::kCommandLine, layers)) {
      return bad("unknown word " + base::quoted(word) + "; --help tells what there is");
    }
  }
  return arguments;
}

}  // namespace invoker_settings
