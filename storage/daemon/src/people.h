// What people ask of volumes: each question reads one snapshot, each change is a transaction.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "storage_control/protocol.h"
#include "volumes.h"

namespace storage_daemon {

// Threads: any. Every method waits for the store.
class People {
 public:
  // `scratch`: a folder for nothing else, emptied at the start.
  People(Volumes& volumes, const base::Clock& clock, std::filesystem::path scratch);

  const std::filesystem::path& scratch() const { return scratch_; }

  base::Result<base::Json> list(const storage_control::List& call);
  base::Result<base::Json> stat(const storage_control::Stat& call);
  base::Result<base::Json> usage(const storage_control::Usage& call);
  base::Result<base::Json> remove(const storage_control::Remove& call);
  base::Result<base::Json> copy(const storage_control::Copy& call, base::UniqueFd file);
  base::Result<base::Json> share(const storage_control::Share& call);
  base::Result<base::Json> unshare(const storage_control::Unshare& call);
  base::Result<base::Json> collect(const storage_control::Collect& call);
  base::Result<base::Json> check(const storage_control::Check& call);

 private:
  base::Result<base::Json> list_volumes(const storage_control::List& call);
  base::Result<base::Json> shared_with(const VolumeName& name);
  base::Result<std::vector<VolumeName>> names_of(const storage_control::Place& place);

  Volumes& volumes_;
  const base::Clock& clock_;
  const std::filesystem::path scratch_;
};

}  // namespace storage_daemon
