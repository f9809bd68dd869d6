#include "services.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace volumes_bench {
namespace {

std::string first_line(const Path& file) {
  std::string line;
  std::getline(std::ifstream(file) >> std::ws, line);
  return line;
}

int run(const Path& folder, const std::string& name, const std::string& action) {
  const std::string command = "CEPH_MGR=no CEPH_FOLDER=" + (folder / "ceph").native() +
                              " timeout 120 " SERVICES_SCRIPTS "/" + name + " " + action + " " +
                              (folder / name).native() + " >>" + (folder / "said").native() +
                              " 2>&1";
  return std::system(command.c_str());  // NOLINT(concurrency-mt-unsafe): before any other thread
}

}  // namespace

base::Result<std::string> Services::start(const std::string& name) {
  std::printf("  starting %s ...\n", name.c_str());
  std::fflush(stdout);
  std::filesystem::create_directories(folder_);
  started_.push_back(name);
  const int ended = run(folder_, name, "start");
  const std::string address = first_line(folder_of(name) / "address");
  if (ended == 0 && !address.empty()) return address;
  const std::string reason = first_line(folder_of(name) / "reason");
  return base::Error{base::ErrorCode::kUnavailable,
                     name + " does not run here: " + (reason.empty() ? "it failed" : reason)};
}

Services::~Services() {
  for (auto name = started_.rbegin(); name != started_.rend(); ++name)
    static_cast<void>(run(folder_, *name, "stop"));
}

}  // namespace volumes_bench
