// Which name has which id.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "session.h"

namespace invoker_zookeeper {

// Errors of all: those of Session, and kDataLoss. After kConflict somebody else was faster: read
// again and try again.
class IdBook {
 public:
  explicit IdBook(Session& session) : session_(session) {}

  base::Result<std::optional<std::int32_t>> find(const std::string& name);
  // Gives the name an id that no other has. The name has none yet.
  base::Result<std::int32_t> add(const std::string& name);
  // Gives the name this id; another that had it has none then. Errors: kInvalidArgument when fewer
  // ids are given than `id`.
  base::Result<std::int32_t> overwrite(const std::string& name, std::int32_t id);

 private:
  struct Entry {
    std::int32_t id;
    std::int32_t version;
  };

  base::Result<Entry> read(const std::string& name);
  base::Result<std::map<std::string, Entry>> read_all();

  Session& session_;
};

}  // namespace invoker_zookeeper
