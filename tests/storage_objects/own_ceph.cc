#include "own_ceph.h"

#include <cstdlib>
#include <fstream>

#include "base/check.h"

namespace storage_objects {
namespace {

void shell(const std::string& command) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody here changes the environment
  CHECK(std::system(command.c_str()) == 0);
}

}  // namespace

OwnCeph::OwnCeph() {
  std::string name = std::filesystem::temp_directory_path() / "larder-own-ceph-XXXXXX";
  CHECK(::mkdtemp(name.data()) != nullptr);
  folder_ = name;
  run("start");
  std::ifstream in(folder_ / "reason");
  std::getline(in, reason_);
}

OwnCeph::~OwnCeph() {
  run("stop");
  std::filesystem::remove_all(folder_);
}

storage_ceph::CephOptions OwnCeph::options() const {
  storage_ceph::CephOptions options;
  options.conf_file = folder_ / "data" / "larder.conf";
  options.user = "larder";
  return options;
}

void OwnCeph::run(const std::string& what) const {
  shell("CEPH_MGR=no " + std::string(LARDER_CEPH_SCRIPT) + " " + what + " " + folder_.string() +
        " >/dev/null");
}

void OwnCeph::administer(const std::string& command) const {
  shell("CEPH_CONF=" + (folder_ / "data" / "ceph.conf").string() + " ceph " + command +
        " >/dev/null 2>&1");
}

}  // namespace storage_objects
