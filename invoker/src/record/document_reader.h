// Members of a document, each with its own sentence when it is not there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace invoker {

// Reads one object; `id` is the document's, for the sentences. Every error is kDataLoss.
class DocumentReader {
 public:
  DocumentReader(const std::string& id, const base::Json& object) : id_(id), object_(object) {}

  base::Error unreadable(std::string_view what) const;

  // Nothing where the member is absent or null.
  const base::Json* optional(std::string_view key) const;

  base::Result<std::string> text(std::string_view key) const;
  base::Result<std::optional<std::string>> optional_text(std::string_view key) const;
  base::Result<bool> flag(std::string_view key) const;
  base::Result<bool> flag_or(std::string_view key, bool otherwise) const;
  base::Result<base::Json> array(std::string_view key) const;
  base::Result<DocumentReader> object(std::string_view key) const;
  // A whole number from 0 to `max`.
  base::Result<std::int64_t> whole(std::string_view key, std::int64_t max) const;
  base::Result<std::int64_t> whole_or(std::string_view key, std::int64_t max,
                                      std::int64_t otherwise) const;

  const std::string& id() const { return id_; }

 private:
  const std::string& id_;
  const base::Json& object_;
};

}  // namespace invoker
