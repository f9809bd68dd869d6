#include "gpu_pool/folder_images.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/unique_fd.h"

namespace gpu_pool {
namespace {

namespace fs = std::filesystem;
using gpu_session::Image;
using gpu_wire::Digest;

std::string name_of(const Digest& digest) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string name;
  for (const std::uint8_t byte : digest) {
    name += kDigits[byte >> 4];
    name += kDigits[byte & 15];
  }
  return name;
}

// Empty where anything is wrong with it: a link, a pipe, a size beyond the bound.
std::vector<std::byte> read_file(const fs::path& path, std::uint64_t bytes_max) {
  const base::UniqueFd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat stat{};
  if (!file.valid() || ::fstat(file.get(), &stat) != 0 || !S_ISREG(stat.st_mode)) return {};
  if (static_cast<std::uint64_t>(stat.st_size) > bytes_max) return {};
  std::vector<std::byte> bytes(static_cast<std::size_t>(stat.st_size));
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const auto got = ::read(file.get(), bytes.data() + filled, bytes.size() - filled);
    if (got <= 0) return {};
    filled += static_cast<std::size_t>(got);
  }
  ::futimens(file.get(), nullptr);  // prune() goes by it
  return bytes;
}

bool write_file(int file, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(file, bytes.data(), bytes.size());
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

Image FolderImages::find(const Digest& digest) {
  const fs::path path = folder_ / name_of(digest);
  auto bytes = read_file(path, bytes_max_);
  if (bytes.empty()) return nullptr;
  if (gpu_wire::digest_of(bytes) == digest) {
    return std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  }
  ::unlink(path.c_str());
  return nullptr;
}

void FolderImages::add(const Digest& digest, Image image) {
  if (image->empty() || image->size() > bytes_max_) return;
  std::string unfinished = folder_ / "new-XXXXXX";
  const base::UniqueFd file(::mkostemp(unfinished.data(), O_CLOEXEC));
  if (!file.valid()) return;
  const fs::path path = folder_ / name_of(digest);
  const bool kept =
      write_file(file.get(), *image) && ::rename(unfinished.c_str(), path.c_str()) == 0;
  if (!kept) ::unlink(unfinished.c_str());
}

std::uint64_t known_bytes(const fs::path& folder, std::span<const Digest> digests) {
  std::uint64_t bytes = 0;
  for (const auto& digest : digests) {
    struct stat stat{};
    const fs::path path = folder / name_of(digest);
    if (::lstat(path.c_str(), &stat) == 0) bytes += static_cast<std::uint64_t>(stat.st_size);
  }
  return bytes;
}

std::uint64_t prune(const fs::path& folder, std::uint64_t bytes_max) {
  struct Entry {
    fs::file_time_type used;
    std::uint64_t bytes;
    fs::path path;
  };
  std::vector<Entry> entries;
  std::uint64_t all = 0;
  std::error_code failure;
  for (const auto& item : fs::directory_iterator(folder, failure)) {
    std::error_code gone;
    const auto bytes = item.is_regular_file(gone) ? item.file_size(gone) : 0;
    const auto used = item.last_write_time(gone);
    if (gone) continue;
    entries.push_back({used, bytes, item.path()});
    all += bytes;
  }
  std::ranges::sort(entries, {}, &Entry::used);
  for (const auto& entry : entries) {
    if (all <= bytes_max) break;
    std::error_code ignored;
    if (fs::remove(entry.path, ignored)) all -= entry.bytes;
  }
  return all;
}

}  // namespace gpu_pool
