// What the control socket of larder-storaged carries: one JSON object in each packet.
//
// A call {"id":N,"call":NAME,...} is answered once, with {"id":N,"ok":{...}} or
// {"id":N,"error":{"code":NAME,"message":TEXT}}; answers come in any order. Names of files are
// bytes: they travel with odd ones as %XX. README.md of this folder has every call.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/json.h"
#include "base/result.h"
#include "hints/hints.h"
#include "storage/volume_provider.h"

namespace storage_control {

inline constexpr std::int64_t kProtocolVersion = 1;

using CallId = std::uint64_t;

// From 1 on. Of one daemon and its successors: never used again while the mount lives, below which
// its directory is a<number>.
using AttemptNumber = std::uint64_t;
inline std::string directory_of(AttemptNumber attempt) { return "a" + std::to_string(attempt); }

// First on each connection. A client with a name owns attempts: when its connection ends, and no
// other says the same name within the daemon's patience, they are aborted. Answered with Welcome
// and, in the same packet, a descriptor of the mount.
struct Hello {
  std::string client;  // "": owns nothing; else 1 to 64 of [A-Za-z0-9-]
  std::int64_t protocol = kProtocolVersion;

  bool operator==(const Hello&) const = default;
};

// Begins an attempt. The same ticket of the same client is the same attempt. Answered with Opened.
struct Open {
  std::uint64_t ticket = 0;
  std::string namespace_name;
  std::string activation_id;
  hints::Volume volume;
  uid_t uid = 0;

  bool operator==(const Open&) const = default;
};

// Ends it, one way or the other. Answered with a storage::VolumeReport, also when it is asked
// again. kConflict: others were first; the attempt is over, without effects.
struct Finish {
  AttemptNumber attempt = 0;
  bool succeeded = false;

  bool operator==(const Finish&) const = default;
};

// A file or directory of a volume as it was last committed; "" is the volume, and no volume is all
// of them.
struct Place {
  std::string namespace_name;
  std::string volume;
  std::string path;  // relative, normal

  bool operator==(const Place&) const = default;
};

// For people. Each is answered with an object that README.md describes.
struct List {
  Place place;
  std::string after;  // a name: goes on behind it

  bool operator==(const List&) const = default;
};
struct Stat {
  Place place;

  bool operator==(const Stat&) const = default;
};
struct Usage {
  Place place;

  bool operator==(const Usage&) const = default;
};
// A file, an empty directory, or the whole volume with what is in it.
struct Remove {
  Place place;
  bool whole_volume = false;  // must be said where `path` is ""

  bool operator==(const Remove&) const = default;
};
// The packet carries a descriptor of a regular file: read from its position on, or written there.
// Its position tells the progress.
struct Copy {
  Place place;
  bool into_volume = false;
  bool make_volume = false;

  bool operator==(const Copy&) const = default;
};
// Another namespace may open the volume from now on. What it was granted before is replaced.
struct Share {
  Place place;  // a volume
  std::string with;
  bool read_only = false;

  bool operator==(const Share&) const = default;
};
// Not any more: activations that have it open go on.
struct Unshare {
  Place place;
  std::string with;

  bool operator==(const Unshare&) const = default;
};
struct Collect {
  Place place;  // a volume, or all

  bool operator==(const Collect&) const = default;
};
struct Check {
  Place place;  // a volume, or all
  bool repair = false;

  bool operator==(const Check&) const = default;
};
struct Metrics {
  bool operator==(const Metrics&) const = default;
};

using Call = std::variant<Hello, Open, Finish, List, Stat, Usage, Remove, Copy, Share, Unshare,
                          Collect, Check, Metrics>;

struct Numbered {
  CallId id = 0;
  Call call;

  bool operator==(const Numbered&) const = default;
};

struct Welcome {
  std::int64_t protocol = kProtocolVersion;
  std::string node;

  bool operator==(const Welcome&) const = default;
};

struct Opened {
  AttemptNumber attempt = 0;

  bool operator==(const Opened&) const = default;
};

struct Answer {
  CallId id = 0;
  base::Result<base::Json> value;
};

// Errors of decoding: kInvalidArgument with what is wrong.
std::string encode(const Numbered& call);
base::Result<Numbered> decode_call(std::string_view bytes);
std::string encode(const Answer& answer);
base::Result<Answer> decode_answer(std::string_view bytes);

base::Json to_json(const Welcome& welcome);
base::Result<Welcome> welcome_from(const base::Json& json);
base::Json to_json(const Opened& opened);
base::Result<Opened> opened_from(const base::Json& json);
// Not the form of the activation record: this one is read back.
base::Json report_to_json(const storage::VolumeReport& report);
base::Result<storage::VolumeReport> report_from(const base::Json& json);
// The form of the annotation `volumes`, which hints::parse() reads.
base::Json volume_to_json(const hints::Volume& volume);
base::Result<hints::Volume> volume_from(const base::Json& json);

// Any bytes as printable ASCII without '%' but in %XX, and back. kInvalidArgument.
std::string encode_bytes(std::string_view bytes);
base::Result<std::string> decode_bytes(std::string_view text);

}  // namespace storage_control
