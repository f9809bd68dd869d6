// Reading and writing the small files of /proc and of cgroups.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace invoker_container {

// The whole content. Errors: as open(2) and read(2) say.
base::Result<std::string> read_file(const std::string& path);
// In one write(2), into a file that exists.
base::Status write_file(const std::string& path, std::string_view text);
base::Status write_file_at(int directory, const std::string& path, std::string_view text);

}  // namespace invoker_container
