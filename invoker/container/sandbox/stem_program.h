// The start of an interpreter that is kept to be forked.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace sandbox {

inline constexpr int kHostMounts = 4;   // the host's mount namespace, for the library to go back to
inline constexpr int kStemLibrary = 5;  // the library itself, which the root does not show

// Becomes the interpreter of `command`, in a root like those of the sandboxes: it must find the
// modules and settings that they find, and no others. Whoever loads `library` there gets orders
// from descriptor 3. Returns only with an error.
base::Error become_stem(const std::string& library, std::vector<std::string> command);

}  // namespace sandbox
