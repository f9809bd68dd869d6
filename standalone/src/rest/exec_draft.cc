#include "exec_draft.h"

#include <algorithm>

#include "../text.h"
#include "base/base64.h"

namespace standalone {
namespace {

bool is_lower_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_alnum(char c) { return is_lower_alnum(c) || (c >= 'A' && c <= 'Z'); }

// Lower-case words joined by single separators ('.', '_', "__" or dashes).
bool is_path_component(std::string_view text) {
  if (text.empty() || !is_lower_alnum(text.front()) || !is_lower_alnum(text.back())) return false;
  return std::all_of(
             text.begin(), text.end(),
             [](char c) { return is_lower_alnum(c) || c == '.' || c == '_' || c == '-'; }) &&
         text.find("..") == std::string_view::npos && text.find("___") == std::string_view::npos;
}

bool is_registry(std::string_view text) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  const std::string_view host = text.substr(0, colon);
  if (host.empty() || !is_alnum(host.front()) || !is_alnum(host.back())) return false;
  const std::string_view port = text.substr(std::min(colon + 1, text.size()));
  return std::all_of(host.begin(), host.end(),
                     [](char c) { return is_alnum(c) || c == '.' || c == '-'; }) &&
         (colon == text.size() ||
          (!port.empty() && port.find_first_not_of("0123456789") == std::string_view::npos));
}

bool is_tag(std::string_view text) {
  return !text.empty() && text.size() <= 128 && text.front() != '.' && text.front() != '-' &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alnum(c) || c == '_' || c == '.' || c == '-'; });
}

std::optional<std::string> text_member(const base::Json& exec, std::string_view key) {
  const base::Json* value = exec.find(key);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return value->as_string();
}

// `jar` is an older name of the same.
std::optional<std::string> code_of(const base::Json& exec) {
  auto code = text_member(exec, "code");
  return code.has_value() ? std::move(code) : text_member(exec, "jar");
}

std::string known_kinds(const Runtimes& runtimes) {
  std::string text;
  for (const Runtime& runtime : runtimes.all()) text += "'" + runtime.kind + "', ";
  return text + "'sequence', 'blackbox'";
}

Failure missing(const std::string& what, const std::string& kind) {
  return malformed_content(what + " defined in 'exec' for '" + kind + "' actions");
}

void finish(ExecDraft& draft, const base::Json& exec) {
  const auto main = text_member(exec, "main");
  if (main.has_value()) draft.document.set("main", *main);
  draft.document.set("binary", draft.code.has_value() && base::is_base64(trim(*draft.code)));
  draft.bytes += (draft.code ? draft.code->size() : 0) + (main ? main->size() : 0);
}

Answer<ExecDraft> parse_blackbox(ExecDraft draft, const base::Json& exec) {
  const auto image = text_member(exec, "image");
  if (!image.has_value()) return missing("'image' must be a string", draft.kind);
  if (!is_image_name(*image)) return malformed_content("could not parse image name");
  draft.document.set("image", *image);
  draft.bytes += image->size();
  draft.code = code_of(exec);
  if (draft.code.has_value() && trim(*draft.code).empty()) draft.code.reset();
  finish(draft, exec);
  return draft;
}

Answer<ExecDraft> parse_sequence(const base::Json& exec) {
  const base::Json* components = exec.find("components");
  if (components == nullptr) {
    return malformed_content("'components' must be defined for sequence kind");
  }
  if (!components->is_array()) return malformed_content("'components' must be an array");
  return Failure{501, "Sequences are not built yet in this version.", Failure::From::kHandler, {}};
}

}  // namespace

bool is_image_name(std::string_view text) {
  const std::size_t at = std::min(text.find('@'), text.size());
  if (at < text.size() && text.find(':', at) == std::string_view::npos) return false;
  text = text.substr(0, at);
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos) {
    const std::string_view first = text.substr(0, slash);
    if (first.find_first_of(".:") != std::string_view::npos || first == "localhost") {
      if (!is_registry(first)) return false;
      text.remove_prefix(slash + 1);
    }
  }
  const std::size_t colon = std::min(text.find(':'), text.size());
  if (colon < text.size() && !is_tag(text.substr(colon + 1))) return false;
  text = text.substr(0, colon);
  while (true) {
    const std::size_t end = std::min(text.find('/'), text.size());
    if (!is_path_component(text.substr(0, end))) return false;
    if (end == text.size()) return true;
    text.remove_prefix(end + 1);
  }
}

Answer<ExecDraft> parse_exec(const base::Json& exec, const Runtimes& runtimes) {
  if (!exec.is_object()) return malformed_content("'exec' must be an object");
  const auto asked = text_member(exec, "kind");
  if (!asked.has_value()) return malformed_content("'kind' must be a string defined in 'exec'");
  ExecDraft draft;
  draft.kind = to_lower(trim(*asked));
  if (draft.kind == "sequence") return parse_sequence(exec);
  const Runtime* runtime = runtimes.resolve(draft.kind);
  if (runtime != nullptr) draft.kind = runtime->kind;
  draft.document = base::Json::object({{"kind", draft.kind}});
  if (draft.kind == "blackbox") return parse_blackbox(std::move(draft), exec);
  if (runtime == nullptr) {
    return malformed_content(
        "The specified runtime '" + draft.kind +
        "' is not supported by this platform. Valid values are: " + known_kinds(runtimes) + ".");
  }
  draft.deprecated = runtime->deprecated;
  draft.code = code_of(exec);
  if (!draft.code.has_value()) {
    return missing("'code' must be a string or attachment object", draft.kind);
  }
  if (runtime->require_main && !text_member(exec, "main").has_value()) {
    return missing("'main' must be a string", draft.kind);
  }
  finish(draft, exec);
  return draft;
}

}  // namespace standalone
