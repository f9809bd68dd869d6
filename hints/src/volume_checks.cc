// What is allowed as a volume's name and place, and which keys contradict each other.
#include <algorithm>

#include "base/text.h"
#include "hints/parse.h"
#include "object_reader.h"
#include "readers.h"

namespace hints {
namespace {

using base::quoted;
using base::Status;

constexpr std::size_t kNameLengthMax = 256;

// A volume there, above or below would hide or change what a function needs to run: the system's
// own folders, where the runtimes keep the function, and where Larder keeps what it needs. All of
// /tmp is the function's private scratch space, so it is refused as well.
constexpr std::string_view kSystemPlaces[] = {
    "/bin",     "/boot",   "/dev",    "/etc",     "/lib",          "/lib32",
    "/lib64",   "/libx32", "/proc",   "/root",    "/run",          "/sbin",
    "/sys",     "/tmp",    "/usr",    "/var/lib", "/var/lock",     "/var/run",
    "/var/tmp", "/larder", "/action", "/init.sh", "/nodejsAction", "/pythonAction"};

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// OpenWhisk's rule for the names of entities: \w, or \w[\w@ .&-]*[\w@.&-], at most 256.
bool is_entity_name(std::string_view name) {
  const auto inside = [](char c) {
    return is_word(c) || std::string_view("@ .&-").find(c) != std::string_view::npos;
  };
  return !name.empty() && name.size() <= kNameLengthMax && is_word(name.front()) &&
         name.back() != ' ' && std::ranges::all_of(name, inside);
}

// What is wrong with the path as a path; empty when it is absolute and normal.
std::string path_fault(std::string_view path) {
  if (!path.starts_with('/')) return "does not begin with '/'";
  if (path == "/") return "is the root; a volume needs a place of its own, such as \"/mnt/data\"";
  if (path.size() > kPathBytesMax)
    return "is longer than " + std::to_string(kPathBytesMax) + " bytes";
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (std::ranges::any_of(path, is_control)) return "holds a control character";
  if (path.ends_with('/')) return "ends with '/'; leave that out";
  for (std::size_t start = 1; start <= path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const std::string_view segment = path.substr(start, end - start);
    if (segment.empty()) return "holds \"//\"; write one '/'";
    if (segment == "." || segment == "..") return "holds \"" + std::string(segment) + "\"";
    if (segment.size() > kSegmentBytesMax) {
      return "holds a name of more than " + std::to_string(kSegmentBytesMax) + " bytes";
    }
    start = end + 1;
  }
  return "";
}

}  // namespace

bool is_at_or_below(std::string_view inner, std::string_view outer) {
  return inner.starts_with(outer) && (inner.size() == outer.size() || inner[outer.size()] == '/');
}

Status read_volume_name(std::string_view place, const std::string& text, Volume& volume) {
  const std::size_t slash = text.find('/');
  const std::string_view name =
      slash == text.npos ? text : std::string_view(text).substr(slash + 1);
  const std::string_view owner = std::string_view(text).substr(0, slash == text.npos ? 0 : slash);
  if (!is_entity_name(name) || (slash != text.npos && !is_entity_name(owner))) {
    return refusal(place,
                   quoted(text) +
                       " is no name; allowed are NAME and NAMESPACE/NAME, each of at most 256 "
                       "letters, digits and _@ .&-, that begin with a letter, digit or _ and "
                       "do not end with a blank");
  }
  volume.name = name;
  // "_" is OpenWhisk's short form of one's own namespace.
  if (!owner.empty() && owner != "_") volume.owner = owner;
  return {};
}

Status check_path(std::string_view place, std::string_view path) {
  if (const std::string fault = path_fault(path); !fault.empty()) {
    return refusal(place, quoted(path) + " " + fault +
                              "; allowed is an absolute path without "
                              "\".\", \"..\" and \"//\", such as \"/mnt/data\"");
  }
  for (const std::string_view system : kSystemPlaces) {
    if (!is_at_or_below(path, system) && !is_at_or_below(system, path)) continue;
    return refusal(place,
                   quoted(path) + " is at, in or above " + std::string(system) +
                       ", which belongs to the system; allowed is a place of its own, such as "
                       "\"/mnt/data\"");
  }
  return {};
}

Status check_agreement(const std::string& place, const Volume& volume) {
  const auto rules_to = [&](Tier tier) {
    return std::ranges::find(volume.rules, tier, &PathRule::tier) != volume.rules.end();
  };
  const bool ephemeral = volume.tier == Tier::kEphemeral || rules_to(Tier::kEphemeral);
  const bool durable = volume.tier == Tier::kDurable || rules_to(Tier::kDurable);
  const bool transaction = volume.isolation && *volume.isolation != Isolation::kNone;
  const bool publishes = volume.fsync == FsyncMeans::kPublish;
  struct Contradiction {
    bool holds;
    std::string_view key;
    std::string_view why;
  };
  const Contradiction contradictions[] = {
      {!ephemeral && volume.lifetime.kind != Lifetime::Kind::kVolume, "lifetime",
       "durable files live as long as the volume; a shorter life needs the tier \"ephemeral\" for "
       "the volume or in a rule"},
      {!ephemeral && volume.copies > 1, "copies", "copies are of ephemeral files, and none are"},
      {!ephemeral && volume.spill, "spill", "only ephemeral files can spill, and none are"},
      {!durable && transaction, "isolation", "isolation is of durable files, and none are"},
      {!durable && volume.retry > 0, "retry",
       "only conflicts on durable files are retried, and none are"},
      {!durable && publishes, "fsync", "\"publish\" is of durable files, and none are"},
      {volume.retry > 0 && volume.isolation == Isolation::kNone, "retry",
       "with the isolation \"none\" there is no conflict that could be retried"},
      {volume.retry > 0 && publishes, "retry",
       "with fsync \"publish\" a part is already published and cannot be run again"},
      {volume.read_only && !durable && volume.lifetime.kind == Lifetime::Kind::kActivation,
       "readOnly", "files that live for the activation cannot be there before it"},
  };
  for (const auto& [holds, key, why] : contradictions) {
    if (holds) return refusal(place + "." + std::string(key), why);
  }
  return {};
}

}  // namespace hints
