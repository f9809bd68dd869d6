// From the annotations of an action to its hints: a small grammar, read strictly.
//
// README.md of this folder has the table of every key and form.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/json.h"
#include "base/result.h"
#include "hints/hints.h"

namespace hints {

inline constexpr std::size_t kVolumesMax = 16;        // of one action
inline constexpr std::size_t kRulesMax = 64;          // of one volume
inline constexpr std::size_t kPathBytesMax = 4096;    // of a path or a rule's pattern
inline constexpr std::size_t kSegmentBytesMax = 255;  // of one name in a path
inline constexpr std::size_t kReadsMax = 64;          // of `locality`
inline constexpr std::size_t kKeyBytesMax = 256;      // of `locality.key`
inline constexpr int kRetryMax = 10;
inline constexpr int kCopiesMax = 3;
inline constexpr int kGpusMax = 16;
inline constexpr std::chrono::milliseconds kWaitMax = std::chrono::minutes(1);

// `locality` and `delivery` are words that others have for other things. Where actions were there
// before us, a value of them that is not in our grammar says nothing to us.
enum class Unreadable { kRefused, kPassedOver };

// What `annotations`, the action's [{"key","value"}], say; of a repeated key the last counts, and a
// value of null counts as not said. Annotations that are not ours are passed over.
//
// Threads: any; pure. Errors: kInvalidArgument with one sentence for the developer of the action:
//   annotation 'volumes'[1].tier: "fast" is not one of "ephemeral", "durable"
base::Result<Hints> parse(const base::Json& annotations,
                          Unreadable common_words = Unreadable::kRefused);

}  // namespace hints
