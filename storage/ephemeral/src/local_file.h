// One version of a file that this node is busy with: it writes, reads, fetches or sends it.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "backing.h"
#include "fetch_task.h"
#include "storage_ephemeral/volume.h"
#include "transfer.h"

namespace storage_ephemeral {

// A read that waits for bytes.
struct ParkedRead {
  Volume::Ticket ticket = 0;
  std::uint64_t offset = 0, length = 0;
  Done<std::uint64_t> done;
};

// Guarded by the volume's mutex.
struct LocalFile {
  enum class Role : std::uint8_t {
    kMaking,    // this node writes it
    kFetching,  // from elsewhere
    kHeld,      // all bytes are here and final
  };

  explicit LocalFile(FileLife with) : life(std::move(with)) {}

  FileKey key;
  Role role = Role::kMaking;
  FileLife life;
  SharedFd fd;  // null while nobody uses what is not finished: see VolumeImpl::bytes_of()
  std::uint32_t copies = 1;
  Attempt attempt;                        // kMaking: that writes it
  std::uint64_t have = 0;                 // kFetching: verified bytes
  std::optional<std::uint64_t> size;      // final, as far as it is known
  std::optional<std::uint64_t> checksum;  // the same
  std::optional<base::Error> broken;      // this node cannot give it
  bool removed = false;                   // it has no name any more
  bool hashing = false;
  bool accused = false;  // kFetching: said to be poisoned, and the store has not agreed yet
  int watch = -1;        // for its growth

  std::uint32_t readers = 0;
  std::list<ParkedRead> parked;
  std::vector<std::function<void(const base::Status&)>> final_waiters;  // kSealed opens
  std::map<std::uint64_t, std::function<void()>> streams;
  std::vector<std::function<void(bool)>> kept_waiters;  // this is a second copy
  NodeName copied_from;
  NodeName copied_to;  // who has the second copy
  std::shared_ptr<FetchTask> fetch;
  std::uint64_t fetch_number = 0;

  bool idle() const {
    return readers == 0 && life.writers() == 0 && parked.empty() && final_waiters.empty() &&
           streams.empty() && kept_waiters.empty() && !hashing;
  }
};

}  // namespace storage_ephemeral
