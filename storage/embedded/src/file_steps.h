// Steps with files that are on the disk when they are done.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace storage_embedded {

base::Status make_directories(const std::filesystem::path& path);
// What names the directory holds is on the disk.
base::Status sync_directory(const std::filesystem::path& path);

// A new file with these pieces one after the other.
base::Status write_file(const std::filesystem::path& path,
                        std::span<const std::string_view> pieces);
// The first bytes of a file are replaced.
base::Status write_start(const std::filesystem::path& path, std::string_view bytes);

// kNotFound where it is missing.
base::Result<base::UniqueFd> open_to_read(const std::filesystem::path& path);
// Fewer than `length` only at the file's end.
base::Result<std::string> read_at(int fd, std::uint64_t offset, std::uint64_t length);

// What a user may still write to the file system.
base::Result<std::uint64_t> room_left(const std::filesystem::path& directory);

// kUnavailable with the pid of the process that has it. Held until the descriptor closes.
base::Result<base::UniqueFd> lock_directory(const std::filesystem::path& directory);

}  // namespace storage_embedded
