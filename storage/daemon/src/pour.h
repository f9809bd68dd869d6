// The bytes of files that people copy. Errors: of the file.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace storage_daemon {

base::Status write_all(int fd, std::string_view bytes);
// All bytes from where `from` stands; gives how many there were.
base::Result<std::int64_t> pour(int from, int to);

}  // namespace storage_daemon
