#include "invoker/action_document.h"

#include <limits>
#include <utility>

#include "base/base64.h"
#include "base/text.h"
#include "base/utf8.h"
#include "record/action_code.h"
#include "record/document_reader.h"

namespace invoker {
namespace {

constexpr std::int64_t kNumberMax = std::numeric_limits<std::int32_t>::max();

base::Result<ActionLimits> read_limits(const DocumentReader& document, const DecodingRules& rules) {
  TRY(const DocumentReader limits, document.object("limits"));
  TRY(const std::int64_t timeout_ms, limits.whole("timeout", kNumberMax));
  TRY(const std::int64_t memory_mb, limits.whole("memory", kNumberMax));
  TRY(const std::int64_t logs_mb, limits.whole_or("logs", kNumberMax, rules.logs_bytes >> 20));
  TRY(const std::int64_t concurrency,
      limits.whole_or("concurrency", kNumberMax, rules.concurrency));
  ActionLimits read{.timeout = std::chrono::milliseconds(timeout_ms),
                    .memory_bytes = memory_mb << 20,
                    .logs_bytes = logs_mb << 20,
                    .concurrency = static_cast<int>(concurrency),
                    .instances = std::nullopt};
  if (limits.optional("instances") == nullptr) return read;
  TRY(const std::int64_t instances, limits.whole("instances", kNumberMax));
  read.instances = static_cast<int>(instances);
  return read;
}

base::Result<KindRules> kind_rules(const DocumentReader& document, const std::string& kind,
                                   const DecodingRules& rules) {
  if (kind == "blackbox" || !rules.kinds) return KindRules{.kind = kind};
  auto known = rules.kinds(kind);
  if (known) return std::move(*known);
  return base::Error{base::ErrorCode::kDataLoss, "action " + document.id() + " is of kind " +
                                                     base::quoted(kind) +
                                                     ", for which there is no runtime"};
}

// The legacy name of the member is read where the code may be attached.
const base::Json* code_member(const DocumentReader& exec, bool may_be_attached) {
  const base::Json* const code = exec.optional("code");
  return code == nullptr && may_be_attached ? exec.optional("jar") : code;
}

bool is_blank(const base::Json& value) {
  return value.is_string() && base::trimmed(value.as_string()).empty();
}

base::Result<std::optional<std::string>> read_exec(const DocumentReader& document,
                                                   const DecodingRules& rules, Exec& exec) {
  TRY(const DocumentReader object, document.object("exec"));
  TRY(const std::string kind, object.text("kind"));
  exec.kind = base::lower_case(base::trimmed(kind));
  if (exec.kind == "sequence") {
    return base::Error{base::ErrorCode::kUnsupported, document.id() + " is a sequence"};
  }
  TRY(const KindRules known, kind_rules(document, exec.kind, rules));
  const bool blackbox = exec.kind == "blackbox";
  exec.kind = known.kind;
  if (blackbox) {
    TRY(exec.image, object.text("image"));
  }
  TRY(exec.main, object.optional_text("main"));
  if (known.requires_main && !exec.main) return document.unreadable("exec.main");
  if (!rules.self_contained) {
    TRY(exec.binary, object.flag_or("binary", false));
    return std::optional<std::string>();
  }
  const base::Json* const code = code_member(object, known.attached);
  if (blackbox && (code == nullptr || is_blank(*code))) return std::optional<std::string>();
  if (code == nullptr) return document.unreadable("code");
  return read_code(document, object, *code, known.attached, exec);
}

// Epoch milliseconds, or a date as older versions wrote it.
base::Status check_updated(const DocumentReader& document) {
  const base::Json* const updated = document.optional("updated");
  if (updated != nullptr && (updated->as_int64() || updated->is_string())) return {};
  return document.unreadable("updated");
}

base::Status check_type(const DocumentReader& document) {
  TRY(const auto type, document.optional_text("entityType"));
  if (!type || *type == "action") return {};
  return base::Error{base::ErrorCode::kDataLoss,
                     document.id() + " is of type " + base::quoted(*type) + ", which is no action"};
}

std::string id_of(const base::Json& document) {
  const base::Json* const id = document.find("_id");
  return id != nullptr && id->is_string() ? id->as_string() : "without an id";
}

}  // namespace

base::Result<ActionDocument> parse_action_document(const base::Json& document,
                                                   const DecodingRules& rules) {
  const std::string id = id_of(document);
  const DocumentReader reader(id, document);
  TRY_STATUS(check_type(reader));
  ActionDocument read;
  Action& action = read.action;
  TRY(action.path, reader.text("namespace"));
  TRY(action.name, reader.text("name"));
  TRY(action.version, reader.text("version"));
  // OpenWhisk wants it there; nothing here depends on it.
  TRY([[maybe_unused]] const bool publish, reader.flag("publish"));
  TRY(action.parameters, reader.array("parameters"));
  TRY(action.annotations, reader.array("annotations"));
  if (rules.self_contained) {
    TRY(action.revision, reader.text("_rev"));
    TRY_STATUS(check_updated(reader));
  }
  TRY(action.limits, read_limits(reader, rules));
  TRY(read.attachment, read_exec(reader, rules, action.exec));
  return read;
}

std::string code_text(std::string bytes, bool binary) {
  if (binary) return base::encode_base64(bytes);
  return base::is_utf8(bytes) ? std::move(bytes) : base::to_utf8(bytes);
}

}  // namespace invoker
