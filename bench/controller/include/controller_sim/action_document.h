// Action documents as controllers store them. Pure functions.
#pragma once

#include <string>

#include "base/json.h"
#include "controller_sim/books.h"
#include "controller_sim/message.h"

namespace controller_sim {

struct ActionDocument {
  base::Json document;     // with _id, without _rev
  std::string attachment;  // the code, where it is too long to stand in the document
};

// Code from this size on is stored as an attachment of its own.
inline constexpr std::size_t kInlineCodeMax = 16 * 1024;

// `annotations` is an object of further ones; `code` is stored as OpenWhisk stores text.
ActionDocument action_document(const ActionTerms& terms, const std::string& code,
                               const base::Json& annotations, std::int64_t now_ms, Random& random);

// The code of the health test stands in the document as it is.
base::Json health_document(const std::string& controller, const std::string& kind,
                           const std::string& code, std::int64_t memory_mb, std::int64_t now_ms);

// Names of parameters that the action wants at /init.
std::vector<std::string> init_args_of(const Behaviour& behaviour);

}  // namespace controller_sim
