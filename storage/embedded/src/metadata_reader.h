// Reads of metadata objects over one connection.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "metadata_tables.h"
#include "storage/object_store.h"

namespace storage_embedded {

// Every call sees one commit, and all that was answered before it began. Threads: one at a time.
class MetadataReader {
 public:
  static base::Result<MetadataReader> open(const std::string& file);

  base::Result<std::string> read(const storage::ObjectId& object, std::uint64_t offset,
                                 std::uint64_t length);
  base::Result<storage::ObjectStat> stat(const storage::ObjectId& object);
  base::Result<storage::OmapPage> omap_get(const storage::ObjectId& object,
                                           const std::vector<std::string>& keys);
  base::Result<storage::OmapPage> omap_list(const storage::ObjectId& object,
                                            const std::string& after, const std::string& prefix,
                                            std::size_t most);
  base::Result<std::vector<std::string>> list(const std::string& space, std::string& cursor,
                                              std::size_t most);

 private:
  struct Row {
    std::int64_t id = 0;
    storage::ObjectVersion version = 0;
  };
  explicit MetadataReader(Database database) : database_(std::move(database)) {}

  base::Result<Row> find(const storage::ObjectId& object);
  // Runs `work` in a read transaction: all of it sees the same commit.
  template <typename Work>
  auto in_snapshot(Work work) -> decltype(work());

  Database database_;
  Statement begin_, end_, find_, read_, size_, value_, page_, names_;
};

}  // namespace storage_embedded
