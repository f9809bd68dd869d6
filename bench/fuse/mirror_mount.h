// A directory shown through FUSE by fuse_mirror, for as long as the object lives.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

class MirrorMount {
 public:
  // Makes `place`/back and `place`/at. Ends the program where it cannot be mounted.
  MirrorMount(std::filesystem::path place, const std::vector<std::string>& options);
  MirrorMount(const MirrorMount&) = delete;
  MirrorMount& operator=(const MirrorMount&) = delete;
  ~MirrorMount();

  std::filesystem::path native() const { return place_ / "back"; }
  std::filesystem::path mounted() const { return place_ / "at"; }

 private:
  std::filesystem::path place_;
  pid_t keeper_ = 0;
};
