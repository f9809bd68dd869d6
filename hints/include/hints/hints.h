// What an action says about its files, its place, its GPUs and its delivery.
//
// README.md of this folder has the table of every key. Parsing is pure; see parse.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hints {

enum class Tier { kEphemeral, kDurable };
enum class Isolation { kNone, kReadAtomic, kSnapshot, kSerializable };
enum class Visibility { kWriting, kSealed };  // may a reader see a file that is being written
enum class Seal { kActivation, kClose };      // when a written file becomes final
enum class FsyncMeans { kStaging, kPublish };
enum class OpenAtEnd { kInclude, kAbort };

// How long ephemeral files live.
struct Lifetime {
  enum class Kind { kActivation, kSession, kTtl, kVolume };
  Kind kind = Kind::kVolume;
  std::chrono::milliseconds ttl{};  // kTtl only

  bool operator==(const Lifetime&) const = default;
};

// Paths that match `match` (a glob relative to the volume) are kept in `tier`; the first rule wins.
struct PathRule {
  std::string match;
  Tier tier = Tier::kEphemeral;

  bool operator==(const PathRule&) const = default;
};

// One volume of an action. An absent optional means that the action did not say.
struct Volume {
  std::string name;                  // within the owner namespace
  std::optional<std::string> owner;  // another namespace, spelt out ("team/photos")
  std::string path;                  // absolute and normal, inside the container
  Tier tier = Tier::kDurable;
  Lifetime lifetime;
  std::optional<Isolation> isolation;
  int retry = 0;
  std::optional<std::int64_t> quota_bytes;
  int copies = 1;
  bool read_only = false;
  std::vector<PathRule> rules;
  std::optional<Visibility> visible;
  std::optional<Seal> seal;
  std::optional<FsyncMeans> fsync;
  std::optional<OpenAtEnd> open_at_end;
  bool spill = false;

  bool operator==(const Volume&) const = default;
};

struct Locality {
  std::vector<std::string> reads;  // "photos/{album}/**"
  std::optional<std::string> key;  // an opaque colour; may hold {param}
  std::chrono::milliseconds wait{0};

  bool operator==(const Locality&) const = default;
};

enum class GpuDevice { kAny, kCuda, kHost };

struct Gpu {
  int count = 1;
  std::optional<std::int64_t> memory_bytes;
  GpuDevice device = GpuDevice::kAny;

  bool operator==(const Gpu&) const = default;
};

enum class Delivery { kAtMostOnce, kAtLeastOnce, kExactlyOnce };

struct Hints {
  std::vector<Volume> volumes;
  std::optional<Locality> locality;
  std::optional<Gpu> gpu;
  std::optional<Delivery> delivery;

  bool operator==(const Hints&) const = default;
};

}  // namespace hints
