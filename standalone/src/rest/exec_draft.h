// The `exec` member of a request: what is to run.
#pragma once

#include <optional>
#include <string>

#include "base/json.h"
#include "failure.h"
#include "standalone/runtimes.h"

namespace standalone {

struct ExecDraft {
  std::string kind;                 // resolved
  std::optional<std::string> code;  // source, or base64
  base::Json document;              // as stored, without the code
  std::size_t bytes = 0;            // as its size is measured
  bool deprecated = false;
};

Answer<ExecDraft> parse_exec(const base::Json& exec, const Runtimes& runtimes);

// "[registry[:port]/][path/]name[:tag][@digest]".
bool is_image_name(std::string_view text);

}  // namespace standalone
