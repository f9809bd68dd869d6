#include "id_book.h"

#include <algorithm>
#include <set>

#include "id_bytes.h"

namespace invoker_zookeeper {
namespace {

using base::Error;
using base::ErrorCode;

const std::string kMapping = "/invokers/idAssignment/mapping";
const std::string kCounter = "/invokers/idAssignment/counter";

std::string path_of(const std::string& name) { return kMapping + "/" + name; }

}  // namespace

base::Result<std::optional<std::int32_t>> IdBook::find(const std::string& name) {
  auto entry = read(name);
  if (entry.ok()) return std::optional(entry->id);
  if (entry.error().code == ErrorCode::kNotFound) return std::optional<std::int32_t>();
  return std::move(entry).error();
}

base::Result<IdBook::Entry> IdBook::read(const std::string& name) {
  TRY(const Node node, session_.get(path_of(name)));
  const auto id = id_from_bytes(node.bytes);
  if (!id) return Error{ErrorCode::kDataLoss, "ZooKeeper: " + path_of(name) + " holds no id"};
  return Entry{*id, node.version};
}

base::Result<std::map<std::string, IdBook::Entry>> IdBook::read_all() {
  TRY(const auto names, session_.children(kMapping));
  std::map<std::string, Entry> entries;
  for (const std::string& name : names) {
    auto entry = read(name);
    if (entry.ok()) {
      entries.emplace(name, *entry);
    } else if (entry.error().code != ErrorCode::kNotFound) {  // gone meanwhile
      return std::move(entry).error();
    }
  }
  return entries;
}

// OpenWhisk sets the counter first and the mapping then, and takes the number of mappings as the
// id: between the two another can get the same. Here both are one step, which fails for whoever
// read the counter before it.
base::Result<std::int32_t> IdBook::add(const std::string& name) {
  TRY_STATUS(session_.ensure(kMapping, {}));
  TRY_STATUS(session_.ensure(kCounter, counter_to_bytes(0)));
  TRY(const Node counter, session_.get(kCounter));
  TRY(const auto entries, read_all());
  std::set<std::int32_t> taken;
  for (const auto& [other, entry] : entries) taken.insert(entry.id);
  const auto count = static_cast<std::int32_t>(entries.size());
  std::int32_t id = count;
  if (taken.contains(id))  // after an overwrite; ids are to be dense
    for (id = 0; taken.contains(id);) ++id;
  TRY_STATUS(
      session_.change({{Change::Kind::kSet, kCounter, counter_to_bytes(count + 1), counter.version},
                       {Change::Kind::kCreate, path_of(name), id_to_bytes(id), -1}}));
  return id;
}

base::Result<std::int32_t> IdBook::overwrite(const std::string& name, std::int32_t id) {
  TRY_STATUS(session_.ensure(kMapping, {}));
  TRY(const auto entries, read_all());
  if (entries.size() < static_cast<std::size_t>(id))
    return Error{ErrorCode::kInvalidArgument, "the id " + std::to_string(id) +
                                                  " would leave a gap: ZooKeeper knows " +
                                                  std::to_string(entries.size()) + " invokers"};
  std::vector<Change> changes;
  for (const auto& [other, entry] : entries)
    if (entry.id == id && other != name)
      changes.push_back({Change::Kind::kRemove, path_of(other), {}, entry.version});
  const auto own = entries.find(name);
  const bool known = own != entries.end();
  changes.push_back({known ? Change::Kind::kSet : Change::Kind::kCreate, path_of(name),
                     id_to_bytes(id), known ? own->second.version : -1});
  TRY_STATUS(session_.change(changes));
  return id;
}

}  // namespace invoker_zookeeper
