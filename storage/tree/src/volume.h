// What all parts of the tree share: the objects of one volume, their values with the errors named,
// and the map of ranges.
//
// Threads: any method from any thread.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "range_map.h"
#include "records.h"
#include "storage/object_store.h"
#include "storage_tree/tree.h"

namespace storage_tree {

using KeyValues = std::map<std::string, std::string>;

// What the volume's object said at one moment.
struct VolumeState {
  Head head;
  std::string raw_head;  // for guards
  KeyValues values;      // the other keys that were asked for
  std::string raw(const std::string& key) const {
    const auto found = values.find(key);
    return found == values.end() ? "" : found->second;
  }
};

class Volume {
 public:
  Volume(storage::ObjectStore& objects, std::string volume_space, const base::Clock& volume_clock,
         Options volume_options);

  storage::ObjectStore& store;
  const std::string space;
  const base::Clock& clock;
  const Options options;

  storage::ObjectId metadata(const std::string& name) const;
  storage::ObjectId data(const std::string& name) const;
  storage::ObjectId volume_object() const { return metadata(kVolumeObject); }
  FileTime wall() const;

  // The head and other keys of the volume's object, as of one moment. `meanwhile` is called while
  // the store is asked.
  base::Result<VolumeState> state(std::vector<std::string> keys = {},
                                  const std::function<void()>& meanwhile = {});

  // Writes, where nobody asks for the version; the first: the volume's object.
  base::Status write(storage::ObjectWrite change) {
    return write(volume_object(), std::move(change));
  }
  base::Status write(const storage::ObjectId& object, storage::ObjectWrite change);

  // Keys of the tree and their values, wherever they are.
  base::Result<KeyValues> get(const RangeMap& map, const std::vector<std::string>& keys);
  // All keys of `object` with a prefix, in pages.
  base::Result<KeyValues> list_all(const std::string& object, const std::string& prefix);

  // The ranges; loaded again where they are not of this version.
  base::Result<std::shared_ptr<const RangeMap>> map(std::uint64_t version);
  std::shared_ptr<const RangeMap> map() const;
  // The oldest version that somebody still reads by.
  std::uint64_t oldest_map() const;

  // Waits a while that grows with `attempt`, and is never the same.
  void pause(unsigned attempt);
  std::uint64_t random();

 private:
  base::Result<storage::OmapPage> get_while(std::vector<std::string> keys,
                                            const std::function<void()>& meanwhile);
  base::Result<RangeMap> load_map();

  mutable std::mutex mutex_;  // guards everything below
  std::shared_ptr<const RangeMap> map_ = std::make_shared<RangeMap>();
  mutable std::vector<std::weak_ptr<const RangeMap>> maps_;  // earlier ones
  std::mt19937_64 random_;
};

base::Error damaged(const storage::ObjectId& object, const std::string& key);

template <typename T>
base::Result<T> decoded(const storage::ObjectId& object, const std::string& key,
                        const std::string& bytes) {
  auto value = decode<T>(bytes);
  if (!value) return damaged(object, key);
  return std::move(*value);
}

// "" stands for what is not there.
template <typename T>
base::Result<std::optional<T>> decoded_if(const storage::ObjectId& object, const std::string& key,
                                          const std::string& bytes) {
  if (bytes.empty()) return std::optional<T>();
  TRY(T value, decoded<T>(object, key, bytes));
  return std::optional<T>(std::move(value));
}

// A guard did not hold: somebody else was first.
bool is_conflict(const base::Status& status);

// The store may have done what it was asked, or may do it when asked again.
bool is_unknown(const base::Error& error);

// Odd bytes as \xHH.
std::string printable(std::string_view bytes);

}  // namespace storage_tree
