// Objects with guarded, atomic changes: what the durable tier is built on.
//
// RADOS is one implementation (storage_ceph), files and SQLite on one node another
// (storage_embedded). Both pass one contract suite (tests/storage_objects).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace storage {

// Metadata objects have an ordered map; data objects have bytes alone, so that their pool may be
// erasure-coded (RADOS keeps no map there).
enum class Pool { kMetadata, kData };

struct ObjectId {
  Pool pool = Pool::kMetadata;
  std::string space;  // the volume that it belongs to: a RADOS namespace; at most 256 bytes, any
                      // but NUL and 0x01
  std::string name;   // any bytes but NUL; 1 byte to 2 KiB

  auto operator<=>(const ObjectId&) const = default;
};

// Grows with every change of an object; 0 stands for "is not there". An object that was removed and
// made again may start anywhere.
using ObjectVersion = std::uint64_t;

// Bytes that are read when the store has room for them, so that they are not copied on their way:
// at most once, on any thread, before the change is answered. An error is the change's answer.
struct ByteSource {
  std::uint64_t count = 0;
  std::function<base::Status(std::span<char>)> read;  // fills all of it
};

// One change of one object: every guard holds and every step is done, or nothing is. The steps are
// done in the order of the fields.
//
// An object that is not there is made by any change but `remove`, which is kNotFound then. Guards
// alone change nothing: the version stays where `present` or `version` is among them, else it may
// grow. Keys have any bytes, 1 to 2048 of them. What contradicts itself (`absent` with `present` or
// `version`, `remove` with other steps, version 0) is kInvalidArgument.
struct ObjectWrite {
  // Guards. A failed one is kConflict, except `absent` on an object that is there: kAlreadyExists,
  // and `version` or `present` on one that is not: kNotFound.
  bool absent = false;
  bool present = false;
  std::optional<ObjectVersion> version = {};
  // "" also matches an absent key.
  std::vector<std::pair<std::string, std::string>> omap_equals = {};

  // Steps.
  bool remove = false;                    // the object; nothing else may be asked for then
  std::optional<std::string> data = {};   // replaces all bytes
  std::optional<ByteSource> source = {};  // the same; kData only, and not with `data`
  std::vector<std::string> omap_remove = {};
  std::map<std::string, std::string> omap_set = {};  // kMetadata only; values are not empty
};

// What one change may carry: data, keys and values together.
inline constexpr std::size_t kObjectBytesMax = 64 << 20;

struct OmapPage {
  std::map<std::string, std::string> entries = {};
  bool more = false;
  ObjectVersion version = 0;  // of the object when the page was read
};

struct ObjectStat {
  std::uint64_t bytes = 0;
  ObjectVersion version = 0;
};

// Ends with its destruction, which must not happen in the handler; no call of the handler is under
// way or comes after that.
class Watch {
 public:
  virtual ~Watch() = default;
};

// Threads: any method from any thread.
// Time: the plain calls block until the store answers or its time-out passes; the others return at
// once, or when fewer than the store's bound of requests are under way, and call `done` exactly
// once, on a thread of the store: it must not block and must not call a blocking method (that is
// checked). What it starts in its turn is never kept waiting by the bound.
// Order: a write that was answered is seen by every later read from anywhere (linearizable per
// object). Nothing is promised between objects.
// Errors, everywhere: kNotFound where the object is unknown; kUnavailable and kDeadlineExceeded
// when the store cannot be reached: then a write MAY have been done, so repeat only what is guarded
// or harmless when done twice; kNoSpace; kInvalidArgument for what breaks the bounds above;
// kDataLoss.
class ObjectStore {
 public:
  template <typename T>
  using Done = std::function<void(base::Result<T>)>;

  virtual ~ObjectStore() = default;

  // Gives the object's version after the change (0 after `remove`). Durable when it is answered.
  virtual void write(const ObjectId& object, ObjectWrite change, Done<ObjectVersion> done) = 0;

  // Bytes from `offset` on, fewer than `length` only at the object's end.
  virtual void read(const ObjectId& object, std::uint64_t offset, std::uint64_t length,
                    Done<std::string> done) = 0;

  // Keys that are not there are left out. An object that is not there: kNotFound.
  virtual void omap_get(const ObjectId& object, std::vector<std::string> keys,
                        Done<OmapPage> done) = 0;

  // Up to `most` (1 or more) entries in the order of their bytes, whose keys are greater than
  // `after` and begin with `prefix`. `more`: others follow; a page may end early with it.
  virtual void omap_list(const ObjectId& object, const std::string& after,
                         const std::string& prefix, std::size_t most, Done<OmapPage> done) = 0;

  virtual void stat(const ObjectId& object, Done<ObjectStat> done) = 0;

  // The same, waited for.
  base::Result<ObjectVersion> write(const ObjectId& object, ObjectWrite change);
  base::Result<std::string> read(const ObjectId& object, std::uint64_t offset,
                                 std::uint64_t length);
  base::Result<OmapPage> omap_get(const ObjectId& object, std::vector<std::string> keys);
  base::Result<OmapPage> omap_list(const ObjectId& object, const std::string& after,
                                   const std::string& prefix, std::size_t most);
  base::Result<ObjectStat> stat(const ObjectId& object);

  // The names in one space of one pool, a page at a time: from `cursor` ("" at first), which is
  // moved on and is "" again at the end. In no order; what is made or removed meanwhile may be
  // missing or doubled. Blocks. For collectors and people: slow.
  virtual base::Result<std::vector<std::string>> list(Pool pool, const std::string& space,
                                                      std::string& cursor, std::size_t most) = 0;

  // Calls `heard` with what notify() was given, on a thread of the store, until the watch is
  // destroyed; `lost` when notifications may have been missed: everything that was concluded from
  // their absence is unknown then, and the watch has already been set up again. The object must be
  // there; what its watchers hear while it is removed is not promised.
  virtual base::Result<std::unique_ptr<Watch>> watch(const ObjectId& object,
                                                     std::function<void(std::string_view)> heard,
                                                     std::function<void()> lost) = 0;

  // Tells the watchers, in this process and elsewhere; waits for nobody. Best effort.
  virtual void notify(const ObjectId& object, std::string bytes) = 0;
};

}  // namespace storage
