// Reads an action as OpenWhisk's entity store holds it.
//
// Pure functions: threads and time are the caller's. Numbers of users stay text.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "invoker/action.h"

namespace invoker {

// What the runtimes manifest says of a kind.
struct KindRules {
  std::string kind;      // resolved: "nodejs:20" for "nodejs:default"
  bool attached = true;  // its code may lie beside the document
  bool requires_main = false;
};
// Of a kind in lower case; nothing where no runtime is known for it.
using KindLookup = std::function<std::optional<KindRules>(std::string_view kind)>;

struct DecodingRules {
  KindLookup kinds;  // none: every kind is known
  // What a document that names no limit gets.
  std::int64_t logs_bytes = 10LL << 20;
  int concurrency = 1;
  // The document says its own revision, when it was written and where its code is. When not, the
  // caller knows all that from elsewhere.
  bool self_contained = true;
};

struct ActionDocument {
  Action action;
  // The code is this attachment of the document, still to be fetched, and action.exec has none.
  std::optional<std::string> attachment;
};

// Errors: kDataLoss where this is no readable action, with what is wrong; kUnsupported where it is
// one that cannot be run (a sequence) or whose code is in a store that is not known here; kInternal
// where the document contradicts itself about its attachment.
base::Result<ActionDocument> parse_action_document(const base::Json& document,
                                                   const DecodingRules& rules);

// What a runtime gets as `code` for the bytes of an attachment: base64 of binaries, else the text.
std::string code_text(std::string bytes, bool binary);

}  // namespace invoker
