#include "record/action_code.h"

#include <algorithm>
#include <utility>

#include "base/base64.h"
#include "base/text.h"
#include "invoker/action_document.h"

namespace invoker {
namespace {

using base::ErrorCode;

base::Error contradiction(const DocumentReader& document, std::string_view what) {
  return {ErrorCode::kInternal,
          "the document of action " + document.id() + " " + std::string(what)};
}

// 8-4-4-4-12 hexadecimal digits.
bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool hex = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f') ||
                     (text[i] >= 'A' && text[i] <= 'F');
    if (dash ? text[i] != '-' : !hex) return false;
  }
  return true;
}

// "couch:uuid" is cut in two; a name without a scheme is an attachment's as well.
std::pair<std::string, std::string> split_uri(const std::string& uri) {
  const auto colon = uri.find(':');
  if (colon == std::string::npos) return {"", uri};
  return {uri.substr(0, colon), uri.substr(colon + 1)};
}

// What the database says of the attachments must be what the action says of its code.
base::Status check_stubs(const DocumentReader& document, const std::string& uri) {
  const base::Json* const stubs = document.optional("_attachments");
  if (stubs == nullptr) return {};
  if (!stubs->is_object()) return contradiction(document, "has attachments that are no object");
  if (stubs->members().size() > 1) return contradiction(document, "has more than one attachment");
  for (const auto& [name, stub] : stubs->members()) {
    const base::Json* const type = stub.find("content_type");
    const base::Json* const digest = stub.find("digest");
    const base::Json* const length = stub.find("length");
    if (type == nullptr || !type->is_string() || digest == nullptr || !digest->is_string() ||
        length == nullptr || !length->as_int64()) {
      return contradiction(document, "has an attachment without type, digest or length");
    }
    if (uri != (is_uuid(name) ? "couch:" + name : name)) {
      return contradiction(document, "has another attachment than its code names");
    }
  }
  return {};
}

base::Result<std::optional<std::string>> read_reference(const DocumentReader& document,
                                                        const DocumentReader& reference,
                                                        Exec& exec) {
  TRY(const std::string uri, reference.text("attachmentName"));
  TRY([[maybe_unused]] const std::string type, reference.text("attachmentType"));
  auto [scheme, path] = split_uri(uri);
  if (scheme == "mem") {
    auto bytes = base::decode_base64_url(path);
    if (!bytes) return contradiction(document, "has inline code that is no base64");
    exec.code = code_text(std::move(*bytes), exec.binary);
    return std::optional<std::string>();
  }
  if (!scheme.empty() && scheme != "couch") {
    return base::Error{ErrorCode::kUnsupported,
                       "the code of action " + document.id() +
                           " is in a store that is not known here: " + base::quoted(scheme)};
  }
  if (path.empty()) return contradiction(document, "names no attachment");
  TRY_STATUS(check_stubs(document, uri));
  return std::optional(std::move(path));
}

}  // namespace

base::Result<std::optional<std::string>> read_code(const DocumentReader& document,
                                                   const DocumentReader& exec_object,
                                                   const base::Json& value, bool may_be_attached,
                                                   Exec& exec) {
  if (value.is_string()) {
    exec.code = value.as_string();
    exec.binary = base::is_base64(base::trimmed(*exec.code));
    return std::optional<std::string>();
  }
  if (!value.is_object() || !may_be_attached) return document.unreadable("code");
  TRY(exec.binary, exec_object.flag_or("binary", false));
  return read_reference(document, DocumentReader(document.id(), value), exec);
}

}  // namespace invoker
