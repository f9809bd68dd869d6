#include "some_volume.h"

namespace storage_overlay {
namespace {

class Filler {
 public:
  explicit Filler(MemoryVolume& volume) : volume_(volume) {}

  Entry& add(InodeNumber directory, const std::string& name, FileType type, mode_t permissions) {
    Entry entry;
    entry.inode = volume_.reserve(1);
    entry.attributes.type = type;
    entry.attributes.permissions = permissions;
    entry.attributes.accessed = entry.attributes.modified = entry.attributes.changed =
        FileTime(std::chrono::seconds(1'600'000'000));
    auto& added = write_.names[{directory, name}];
    added = entry;
    return *added;
  }
  void add_inline(InodeNumber directory, const std::string& name, const std::string& bytes,
                  mode_t permissions = 0644) {
    Content& content = add(directory, name, FileType::kRegular, permissions).content;
    content.bytes = bytes;
    content.size = bytes.size();
  }
  Entry& add_large(const std::string& name, std::uint64_t bytes, Content::Run run) {
    Entry& entry = add(storage::kRootInode, name, FileType::kRegular, 0644);
    entry.content.size = bytes;
    entry.content.writer = "somebody";
    entry.content.objects = {run};
    return entry;
  }
  void add_twins() {
    Entry& twin = add_large("twin-a", kTwinBytes, {0, 1});
    twin.links = 2;
    write_.names[{storage::kRootInode, "twin-b"}] = twin;
    write_.shared[twin.inode] = twin;
  }
  void commit(std::int32_t subdirectories) {
    write_.directories[storage::kRootInode] = {FileTime(std::chrono::seconds(1'600'000'000)),
                                               subdirectories};
    CHECK(volume_.commit(write_));
  }

 private:
  MemoryVolume& volume_;
  storage::WriteSet write_;
};

}  // namespace

void fill(MemoryVolume& volume) {
  Filler filler(volume);
  constexpr InodeNumber kRoot = storage::kRootInode;
  filler.add_inline(kRoot, "small", "hello\n");
  filler.add_inline(kRoot, "empty", "");
  filler.add_inline(kRoot, "tool", "#!/bin/sh\n", 04755);
  filler.add_large("large", kLargeBytes, {0, 1});
  filler.add_large("sparse", kSparseBytes, {2, 1});
  filler.add_twins();
  Entry& symlink = filler.add(kRoot, "symlink", FileType::kSymlink, 0777);
  symlink.content.bytes = "small";
  symlink.content.size = 5;
  Entry& directory = filler.add(kRoot, "directory", FileType::kDirectory, 0755);
  directory.links = 2;
  filler.add_inline(directory.inode, "inside", "within\n");
  filler.commit(1);
}

}  // namespace storage_overlay
