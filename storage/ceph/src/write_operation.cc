#include "write_operation.h"

#include <cstring>
#include <set>

#include "storage/object_rules.h"

namespace storage_ceph {
namespace {

using storage::ObjectWrite;

librados::bufferlist buffer_of(const std::string& bytes) {
  librados::bufferlist buffer;
  buffer.append(bytes);
  return buffer;
}

// Read into the very buffer that librados sends.
base::Result<librados::bufferlist> buffer_of(const storage::ByteSource& source) {
  librados::bufferlist buffer;
  if (source.count == 0) return buffer;
  ceph::buffer::ptr bytes(ceph::buffer::create_page_aligned(static_cast<unsigned>(source.count)));
  TRY_STATUS(source.read({bytes.c_str(), source.count}));
  buffer.push_back(std::move(bytes));
  return buffer;
}

// One piece of memory for all values: a piece for each would be two pages for each that has a bit
// more than one.
std::map<std::string, librados::bufferlist> buffers_of(
    const std::map<std::string, std::string>& values) {
  std::size_t all = 0;
  for (const auto& [key, value] : values) all += value.size();
  ceph::buffer::ptr memory(ceph::buffer::create(static_cast<unsigned>(all)));
  std::map<std::string, librados::bufferlist> buffers;
  unsigned at = 0;
  for (const auto& [key, value] : values) {
    const auto size = static_cast<unsigned>(value.size());
    std::memcpy(memory.c_str() + at, value.data(), size);
    buffers.try_emplace(buffers.end(), key)->second.push_back(ceph::buffer::ptr(memory, at, size));
    at += size;
  }
  return buffers;
}

// Guards come first, and the one on being there before all: what else asks an object that is not
// there gets ENOENT.
void add_presence(librados::ObjectWriteOperation& operation, const ObjectWrite& change) {
  if (change.absent) {
    operation.create(true);
  } else if (change.present || change.version || change.remove) {
    operation.assert_exists();
  } else {
    operation.create(false);  // comparing with "" must succeed where there is no object
  }
  if (change.version) operation.assert_version(*change.version);
}

void add_comparisons(librados::ObjectWriteOperation& operation, const ObjectWrite& change) {
  std::map<std::string, std::pair<librados::bufferlist, int>> equal;
  for (const auto& [key, value] : change.omap_equals) {
    const std::pair comparison(buffer_of(value), static_cast<int>(LIBRADOS_CMPXATTR_OP_EQ));
    if (equal.emplace(key, comparison).second) continue;
    operation.omap_cmp({{key, comparison}}, nullptr);  // named twice
  }
  if (!equal.empty()) operation.omap_cmp(equal, nullptr);
}

}  // namespace

base::Status fill(librados::ObjectWriteOperation& operation, const ObjectWrite& change) {
  add_presence(operation, change);
  add_comparisons(operation, change);
  if (change.remove) operation.remove();
  if (change.data) operation.write_full(buffer_of(*change.data));
  if (change.source) {
    TRY(const auto bytes, buffer_of(*change.source));
    operation.write_full(bytes);
  }
  if (!change.omap_remove.empty()) {
    operation.omap_rm_keys({change.omap_remove.begin(), change.omap_remove.end()});
  }
  if (!change.omap_set.empty()) {
    operation.omap_set(buffers_of(change.omap_set));
  }
  return {};
}

}  // namespace storage_ceph
