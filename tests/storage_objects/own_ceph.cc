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
  run("start");
  std::ifstream in(folder_.path() / "reason");
  std::getline(in, reason_);
}

OwnCeph::~OwnCeph() { run("stop"); }

storage_ceph::CephOptions OwnCeph::options() const {
  storage_ceph::CephOptions options;
  options.conf_file = folder_.path() / "data" / "larder.conf";
  options.user = "larder";
  return options;
}

void OwnCeph::run(const std::string& what) const {
  shell("CEPH_MGR=no " + std::string(LARDER_CEPH_SCRIPT) + " " + what + " " +
        folder_.path().string() + " >/dev/null");
}

void OwnCeph::administer(const std::string& command) const {
  shell("CEPH_CONF=" + (folder_.path() / "data" / "ceph.conf").string() + " ceph " + command +
        " >/dev/null 2>&1");
}

}  // namespace storage_objects
