// The zip archive of an action: whatever it holds, nothing is written outside of its folder.
#include <fcntl.h>
#include <sys/stat.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "archive.h"
#include "base/unique_fd.h"
#include "base64.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  std::string text = bytes;
  proxy::decode_base64(text);
  static const std::string outside = [] {
    char path[] = "/dev/shm/larder-fuzz-XXXXXX";
    return std::string(mkdtemp(path));
  }();
  const std::string inside = outside + "/inside";
  std::filesystem::create_directory(inside);
  {
    const base::UniqueFd folder(open(inside.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    static_cast<void>(proxy::unpack(bytes, folder.get()).ok());
  }
  std::size_t entries = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(outside)) ++entries;
  if (entries != 1) std::abort();
  for (const auto& entry : std::filesystem::recursive_directory_iterator(inside)) {
    if (entry.is_symlink()) std::abort();
  }
  std::filesystem::remove_all(inside);
  return 0;
}
