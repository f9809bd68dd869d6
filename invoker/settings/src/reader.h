// Settings as typed values; what is wrong is said with name, value, origin and what is allowed.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "layers.h"

namespace invoker_settings {

// Errors: kInvalidArgument. A blank value counts as not set. The required ones (those without
// "optional") want a key with a default, or one whose presence was checked.
class Reader {
 public:
  explicit Reader(const Layers& layers) : layers_(layers) {}

  bool has(std::string_view path) const;
  base::Result<std::string> text(std::string_view path) const;
  base::Result<std::optional<std::string>> optional_text(std::string_view path) const;
  base::Result<std::size_t> choice(std::string_view path,
                                   std::initializer_list<std::string_view> allowed) const;
  base::Result<bool> flag(std::string_view path) const;  // true, yes, on, false, no, off
  base::Result<std::int64_t> whole(std::string_view path, std::int64_t min, std::int64_t max) const;
  base::Result<int> small(std::string_view path, int min, int max) const;
  base::Result<double> decimal(std::string_view path, double min, double max) const;
  base::Result<std::int64_t> bytes(std::string_view path, std::int64_t min) const;
  base::Result<std::chrono::milliseconds> duration(std::string_view path) const;
  // Nothing: Inf.
  base::Result<std::optional<std::chrono::milliseconds>> limit(std::string_view path) const;

  // Items of a list; of a text, what stands between its commas.
  base::Result<std::vector<std::string>> list(std::string_view path) const;
  // All below `path`, with '-' read as '.': "session-timeout-ms" is "session.timeout.ms".
  base::Result<std::map<std::string, std::string>> properties(std::string_view path) const;
  // All below `path`, each a list or one value, or items: "key.0", "key.1".
  base::Result<std::map<std::string, std::vector<std::string>>> lists(std::string_view path) const;

  // "environment X: path: "
  std::string place(std::string_view path) const;
  // "environment X: path: "value" is no ...": `expected` goes on from there.
  base::Error wrong(std::string_view path, std::string_view expected) const;

 private:
  const Layers& layers_;
};

}  // namespace invoker_settings
