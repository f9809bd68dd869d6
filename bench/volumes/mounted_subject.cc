#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <array>
#include <fstream>
#include <system_error>

#include "fuse_connection.h"
#include "subject.h"

namespace volumes_bench {
namespace {

class Directory final : public Activation {
 public:
  explicit Directory(Path root) : root_(std::move(root)) {}
  const Path& root() const override { return root_; }
  base::Status finish() override { return {}; }

 private:
  const Path root_;
};

class Mounted final : public Subject {
 public:
  Mounted(std::string name, Traits traits, const Path& a, const Path& b)
      : Subject(std::move(name), traits),
        roots_{a, b},
        connections_{FuseConnection(a), FuseConnection(b)} {}

  base::Result<std::unique_ptr<Activation>> begin(Node node, const std::string& volume) override {
    const Path root = roots_.at(node) / volume;
    std::error_code failure;
    std::filesystem::create_directories(root, failure);
    if (failure) return base::error_from_errno(failure.value(), "making " + root.native());
    return std::unique_ptr<Activation>(std::make_unique<Directory>(root));
  }

  void interrupt() override {
    for (const auto& connection : connections_) connection.abort();
  }

 private:
  const std::array<Path, 2> roots_;
  const std::array<FuseConnection, 2> connections_;
};

}  // namespace

FuseConnection::FuseConnection(const Path& mount) {
  struct stat inside{}, outside{};
  if (::stat(mount.c_str(), &inside) != 0 || ::stat(mount.parent_path().c_str(), &outside) != 0)
    return;
  if (inside.st_dev != outside.st_dev) number_ = minor(inside.st_dev);
}

void FuseConnection::abort() const {
  if (number_ == 0) return;
  std::ofstream("/sys/fs/fuse/connections/" + std::to_string(number_) + "/abort") << "1";
}

std::unique_ptr<Subject> mounted_subject(std::string name, Traits traits, const Path& node_a,
                                         const Path& node_b) {
  return std::make_unique<Mounted>(std::move(name), traits, node_a, node_b);
}

}  // namespace volumes_bench
