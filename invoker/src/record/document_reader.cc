#include "record/document_reader.h"

namespace invoker {

base::Error DocumentReader::unreadable(std::string_view what) const {
  return {base::ErrorCode::kDataLoss,
          "the document of action " + id_ + " has no readable " + std::string(what)};
}

const base::Json* DocumentReader::optional(std::string_view key) const {
  const base::Json* const value = object_.find(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

base::Result<std::string> DocumentReader::text(std::string_view key) const {
  const base::Json* const value = optional(key);
  if (value == nullptr || !value->is_string()) return unreadable(key);
  return value->as_string();
}

base::Result<std::optional<std::string>> DocumentReader::optional_text(std::string_view key) const {
  if (optional(key) == nullptr) return std::optional<std::string>();
  TRY(std::string found, text(key));
  return std::optional(std::move(found));
}

base::Result<bool> DocumentReader::flag(std::string_view key) const {
  const base::Json* const value = optional(key);
  if (value == nullptr || !value->is_bool()) return unreadable(key);
  return value->as_bool();
}

base::Result<bool> DocumentReader::flag_or(std::string_view key, bool otherwise) const {
  if (optional(key) == nullptr) return otherwise;
  return flag(key);
}

base::Result<base::Json> DocumentReader::array(std::string_view key) const {
  const base::Json* const value = optional(key);
  if (value == nullptr || !value->is_array()) return unreadable(key);
  return *value;
}

base::Result<DocumentReader> DocumentReader::object(std::string_view key) const {
  const base::Json* const value = optional(key);
  if (value == nullptr || !value->is_object()) return unreadable(key);
  return DocumentReader(id_, *value);
}

base::Result<std::int64_t> DocumentReader::whole(std::string_view key, std::int64_t max) const {
  const base::Json* const value = optional(key);
  const auto number = value == nullptr ? std::nullopt : value->as_int64();
  if (!number || *number < 0 || *number > max) return unreadable(key);
  return *number;
}

base::Result<std::int64_t> DocumentReader::whole_or(std::string_view key, std::int64_t max,
                                                    std::int64_t otherwise) const {
  if (optional(key) == nullptr) return otherwise;
  return whole(key, max);
}

}  // namespace invoker
