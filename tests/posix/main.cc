// posix_suite DIRECTORY: what a file system must do, checked in a new directory there.
#include <grp.h>
#include <sys/wait.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <set>

#include "check.h"

namespace {

using posix::Check;

struct Options {
  std::filesystem::path directory;
  std::string only;                // groups or sentences that contain it
  std::vector<std::string> known;  // sentences that may fail: said, not counted
  bool list = false;
};

// The files of a check, gone with it.
class Place {
 public:
  explicit Place(const std::filesystem::path& parent) {
    path_ = (parent / "posix-XXXXXX").string();
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("cannot make " + path_);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// What went wrong; empty when nothing did.
std::string run(const Check& check, const Options& options, const posix::User* user) {
  const Place place(options.directory);
  if (::chmod(place.path().c_str(), 0755) != 0) return "cannot chmod the place of the check";
  if (user != nullptr && ::chown(place.path().c_str(), user->uid, user->gid) != 0) {
    return "cannot chown the place of the check";
  }
  const auto inside = [&] {
    ::umask(0);
    OK(::chdir(place.path().c_str()));
    check.body();
  };
  try {
    if (user != nullptr) {
      posix::as(*user, inside);
    } else {
      posix::in_child(inside);
    }
  } catch (const posix::Failure& failure) {
    return failure.text;
  }
  return {};
}

struct Totals {
  int passed = 0, failed = 0, known = 0;
};

void run_all(const std::vector<Check>& checks, const Options& options, const posix::User* user,
             Totals& totals) {
  const std::set<std::string> known(options.known.begin(), options.known.end());
  for (const Check& check : checks) {
    const std::string title = check.group + ": " + check.says;
    if (title.find(options.only) == std::string::npos) continue;
    const bool ordinary = user != nullptr || !posix::is_root();
    if (ordinary && check.needs == posix::Needs::kRoot) continue;
    const std::string wrong = run(check, options, user);
    if (wrong.empty()) {
      ++totals.passed;
      continue;
    }
    const bool expected = known.contains(title);
    ++(expected ? totals.known : totals.failed);
    std::cout << (expected ? "known   " : "FAILED  ") << title << (ordinary ? " [user]" : "")
              << "\n        " << wrong << std::endl;
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Checks a file system against POSIX and Linux's manual pages.");
  app.add_option("directory", options.directory, "on the file system to check")->required();
  app.add_option("--only", options.only, "checks whose title has this in it");
  app.add_option("--known", options.known, "title of a check that may fail");
  app.add_flag("--list", options.list, "say what would be checked");
  CLI11_PARSE(app, argc, argv);
  const auto checks = posix::all_checks();
  if (options.list) {
    for (const Check& check : checks) std::cout << check.group << ": " << check.says << '\n';
    return 0;
  }
  Totals totals;
  run_all(checks, options, nullptr, totals);
  if (posix::is_root()) run_all(checks, options, &posix::kAnn, totals);
  std::cout << totals.passed << " passed, " << totals.failed << " failed, " << totals.known
            << " known to fail\n";
  return totals.failed == 0 ? 0 : 1;
}
