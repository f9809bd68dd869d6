// A write set made ready to be committed.
#pragma once

#include <set>

#include "reader.h"
#include "uploads.h"
#include "volume.h"

namespace storage_tree {

struct Prepared {
  Commit commit;  // without its values; NameChange::previous as of the snapshot
  // What they are made of, when they are written: of the write set, which outlives this. Null: the
  // name is removed.
  std::vector<const Entry*> entries;
  std::size_t bytes = 0;
  bool stores_objects = false;  // the attempt's mark must be there at the commit
  std::set<InodeNumber> uses;   // whose bytes the attempt stored

  std::string value(std::size_t index) const;
  std::vector<std::string> values() const;
};

// Under what its end is recorded: the activation, or the writer where there is none.
std::string record_name(const std::string& activation, const std::string& writer);

// kInvalidArgument for what cannot be stored.
base::Status check(const storage::WriteSet& write);

class Preparer {
 public:
  Preparer(Volume& volume, Reader& reader, Uploads& uploads)
      : volume_(volume), reader_(reader), uploads_(uploads) {}

  base::Result<Prepared> prepare(CommitNumber snapshot, const storage::WriteSet& write);

 private:
  base::Status add_names(CommitNumber snapshot, const storage::WriteSet& write, Prepared& prepared);
  // What is too large for one operation is stored before, and the log only refers to it.
  base::Status write_ahead(Prepared& prepared);

  Volume& volume_;
  Reader& reader_;
  Uploads& uploads_;
};

}  // namespace storage_tree
