// The values and keys of the durable tree: any bytes, with a checksum that fits and without.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "bytes.h"
#include "keys.h"
#include "records.h"

namespace {

using namespace storage_tree;  // NOLINT(google-build-using-namespace): all that is called here

// What was understood is written as it can be understood again.
template <typename T>
void decode_one(const std::string& bytes) {
  const auto value = decode<T>(bytes);
  if (!value) return;
  if constexpr (!std::is_same_v<T, StoredEntry>) {
    const auto again = decode<T>(encode(*value));
    CHECK(again && *again == *value);
  } else if (value->entry) {
    const auto again = decode<T>(encode_entry(*value->entry));
    CHECK(again && *again == *value);
  }
}

void decode_all(const std::string& bytes) {
  decode_one<Head>(bytes);
  decode_one<Commit>(bytes);
  decode_one<DirectoryVersions>(bytes);
  decode_one<InodeVersions>(bytes);
  decode_one<Session>(bytes);
  decode_one<ShardState>(bytes);
  decode_one<OldRange>(bytes);
  decode_one<Turn>(bytes);
  decode_one<ActivationRecord>(bytes);
  decode_one<std::string>(bytes);
  decode_one<std::uint64_t>(bytes);
  decode_one<StoredEntry>(bytes);
}

void parse_all(const std::string& bytes) {
  if (const auto parsed = parse_entry_key(bytes)) {
    CHECK(entry_key(parsed->key, parsed->number) == bytes);
    CHECK(bytes.starts_with(group_of(bytes)));
  }
  if (const auto inode = parse_directory_key(bytes)) CHECK(directory_key(*inode) == bytes);
  if (const auto inode = parse_inode_key(bytes)) CHECK(inode_key(*inode) == bytes);
  parse_data_object(bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  decode_all(bytes);
  parse_all(bytes);
  decode_all(with_checksum(Encoder::kMark + bytes));
  return 0;
}
