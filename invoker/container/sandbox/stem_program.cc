#include "stem_program.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>

#include "base/check.h"
#include "mounts.h"
#include "sandbox_root.h"

namespace sandbox {

namespace {

constexpr std::int64_t kFolderBytes = 1 << 20;

// It stays open for the interpreter. The lowest free number is the next one.
base::Status open_next(const std::string& path, int number) {
  const int file = open(path.c_str(), O_RDONLY);
  if (file < 0) return base::error_from_errno(errno, "opening " + path);
  CHECK(file == number);
  return {};
}

base::Status enter_root() {
  invoker_container::WardenSetup setup;
  setup.proxy = "/proc/self/exe";  // something to run; nobody does
  TRY(const Template shared, make_template(setup));
  TRY(const base::UniqueFd root,
      make_file_system("tmpfs", {{"size", std::to_string(kFolderBytes)}, {"mode", "755"}},
                       MOUNT_ATTR_NOSUID));
  invoker_container::StartOrder order;
  order.tmp_bytes = order.shm_bytes = order.action_bytes = kFolderBytes;
  TRY_STATUS(enter_mount_namespace(shared));
  return build_root(shared, root.get(), order, 0);
}

base::Status prepare(const std::string& library) {
  if (close_range(kHostMounts, ~0U, 0) < 0) {
    return base::error_from_errno(errno, "closing descriptors");
  }
  TRY_STATUS(open_next("/proc/self/ns/mnt", kHostMounts));
  TRY_STATUS(open_next(library, kStemLibrary));
  return enter_root();
}

}  // namespace

base::Error become_stem(const std::string& library, std::vector<std::string> command) {
  if (const auto status = prepare(library); !status.ok()) return status.error();
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (std::string& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  execve(arguments.front(), arguments.data(), environ);
  return base::error_from_errno(errno, "starting " + command.front());
}

}  // namespace sandbox
