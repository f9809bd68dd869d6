#pragma once

namespace standalone {

// A commit survives the end of the process at any moment; a power cut may take the last ones.
inline constexpr const char* kSettings =
    "PRAGMA synchronous=NORMAL; PRAGMA journal_size_limit=67108864; PRAGMA foreign_keys=ON";

}  // namespace standalone
