#include "archive.h"

#include <fcntl.h>
#include <minizip/unzip.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "base/unique_fd.h"

namespace proxy {
namespace {

constexpr std::size_t kBufferBytes = 64 << 10;
constexpr unsigned kMadeByUnix = 3;
constexpr unsigned kEncrypted = 1;

// What minizip reads from: a text in memory.
struct Memory {
  std::string_view bytes;
  std::uint64_t position = 0;
  bool overrun = false;  // minizip takes a short read for the truth unless it is told
};

void* open_memory(void* memory, const void*, int) { return memory; }
uLong read_memory(void*, void* stream, void* buffer, uLong size) {
  auto& memory = *static_cast<Memory*>(stream);
  const std::uint64_t left = memory.bytes.size() - memory.position;
  const std::uint64_t count = std::min<std::uint64_t>(size, left);
  memory.overrun = memory.overrun || count < size;
  std::memcpy(buffer, memory.bytes.data() + memory.position, count);
  memory.position += count;
  return static_cast<uLong>(count);
}
uLong write_memory(void*, void*, const void*, uLong) { return 0; }
ZPOS64_T tell_memory(void*, void* stream) { return static_cast<Memory*>(stream)->position; }
long seek_memory(void*, void* stream, ZPOS64_T offset, int origin) {
  auto& memory = *static_cast<Memory*>(stream);
  const std::uint64_t size = memory.bytes.size();
  std::uint64_t base = 0;
  if (origin == ZLIB_FILEFUNC_SEEK_CUR) base = memory.position;
  if (origin == ZLIB_FILEFUNC_SEEK_END) base = size;
  if (offset > size || base > size - offset) return -1;
  memory.position = base + offset;
  return 0;
}
int close_memory(void*, void*) { return 0; }
int error_memory(void*, void* stream) { return static_cast<Memory*>(stream)->overrun ? 1 : 0; }

using Zip = std::unique_ptr<void, decltype(&unzClose)>;

struct Entry {
  std::string name;
  mode_t mode = 0;  // zero where the archive does not say
  bool encrypted = false;
  bool is_folder() const { return name.back() == '/' || S_ISDIR(mode); }
};

base::Error refused(const std::string& why) {
  return base::Error{base::ErrorCode::kInvalidArgument, "The zip archive " + why};
}

base::Error broken() { return refused("is broken."); }

bool is_safe_name(std::string_view name) {
  if (name.empty() || name.front() == '/' || name.find('\0') != std::string_view::npos ||
      name.find('\\') != std::string_view::npos) {
    return false;
  }
  while (!name.empty()) {
    const std::size_t slash = std::min(name.find('/'), name.size());
    const std::string_view part = name.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    name.remove_prefix(std::min(slash + 1, name.size()));
  }
  return true;
}

base::Result<Entry> read_entry(unzFile zip) {
  unz_file_info64 about{};
  if (unzGetCurrentFileInfo64(zip, &about, nullptr, 0, nullptr, 0, nullptr, 0) != UNZ_OK) {
    return broken();
  }
  if (about.size_filename > kNameLengthMax) return refused("holds a name that is too long.");
  Entry entry;
  entry.name.resize(about.size_filename);
  if (unzGetCurrentFileInfo64(zip, &about, entry.name.data(), about.size_filename, nullptr, 0,
                              nullptr, 0) != UNZ_OK) {
    return broken();
  }
  if ((about.version >> 8) == kMadeByUnix) {
    entry.mode = static_cast<mode_t>(about.external_fa >> 16);
  }
  entry.encrypted = (about.flag & kEncrypted) != 0;
  return entry;
}

base::Status check(const Entry& entry) {
  if (!is_safe_name(entry.name)) {
    return refused("holds the name '" + entry.name + "', which may point outside of the action.");
  }
  const mode_t type = entry.mode & S_IFMT;
  if (type != 0 && type != S_IFREG && type != S_IFDIR) {
    return refused("holds '" + entry.name + "', which is neither a file nor a folder.");
  }
  if (entry.encrypted) return refused("is encrypted.");
  return {};
}

base::Error write_failed(const Entry& entry) {
  if (errno == ENOSPC || errno == EDQUOT) {
    return base::Error{base::ErrorCode::kNoSpace, "The zip archive is too large when unpacked."};
  }
  if (errno == EEXIST || errno == EISDIR || errno == ENOTDIR) {
    return refused("holds '" + entry.name + "' twice.");
  }
  return refused("holds '" + entry.name +
                 "', which cannot be written: " + std::generic_category().message(errno) + ".");
}

base::Status make_folders(int directory, const Entry& entry, const std::string& path) {
  for (std::size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (mkdirat(directory, part.c_str(), 0755) < 0 && errno != EEXIST) return write_failed(entry);
  }
  return {};
}

base::Status write_all(int file, const Entry& entry, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t written = write(file, data, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return write_failed(entry);
    data += written;
    size -= static_cast<std::size_t>(written);
  }
  return {};
}

base::Status write_file(unzFile zip, int directory, const Entry& entry, std::vector<char>& buffer) {
  const mode_t mode = (entry.mode & 0777) == 0 ? 0644 : (entry.mode & 0777) | 0600;
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  const base::UniqueFd file(openat(directory, entry.name.c_str(), flags, mode));
  if (!file.valid()) return write_failed(entry);
  if (unzOpenCurrentFile(zip) != UNZ_OK) return broken();
  base::Status status;
  int length = 0;
  do {
    length = unzReadCurrentFile(zip, buffer.data(), static_cast<unsigned>(buffer.size()));
    if (length > 0)
      status = write_all(file.get(), entry, buffer.data(), static_cast<std::size_t>(length));
  } while (length > 0 && status.ok());
  const int closed = unzCloseCurrentFile(zip);
  if (!status.ok()) return status;
  if (length < 0 || closed != UNZ_OK) return broken();
  return {};
}

base::Status unpack_entry(unzFile zip, int directory, std::vector<char>& buffer) {
  TRY(const Entry entry, read_entry(zip));
  TRY_STATUS(check(entry));
  if (entry.is_folder()) {
    const bool slashed = entry.name.back() == '/';
    return make_folders(directory, entry, slashed ? entry.name : entry.name + "/");
  }
  TRY_STATUS(make_folders(directory, entry, entry.name));
  return write_file(zip, directory, entry, buffer);
}

}  // namespace

bool looks_like_zip(std::string_view bytes) {
  return bytes.starts_with("PK\x03\x04") || bytes.starts_with("PK\x05\x06");
}

base::Status unpack(std::string_view zip_bytes, int directory) {
  Memory memory{zip_bytes};
  zlib_filefunc64_def functions{&open_memory, &read_memory,  &write_memory, &tell_memory,
                                &seek_memory, &close_memory, &error_memory, &memory};
  const Zip zip(unzOpen2_64(&memory, &functions), &unzClose);
  if (zip == nullptr) return broken();
  std::vector<char> buffer(kBufferBytes);
  std::size_t entries = 0;
  int position = unzGoToFirstFile(zip.get());
  while (position == UNZ_OK) {
    if (++entries > kEntriesMax) {
      return refused("holds more than " + std::to_string(kEntriesMax) + " entries.");
    }
    TRY_STATUS(unpack_entry(zip.get(), directory, buffer));
    position = unzGoToNextFile(zip.get());
  }
  if (position != UNZ_END_OF_LIST_OF_FILE) return broken();
  return {};
}

}  // namespace proxy
