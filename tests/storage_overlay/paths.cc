#include "paths.h"

#include <cerrno>
#include <set>
#include <sstream>

namespace storage_overlay {
namespace {

std::string in_words(const Tree& tree, const std::string& path) {
  const auto at = tree.find(path);
  if (at == tree.end()) return "nothing";
  const Seen& seen = at->second;
  std::ostringstream out;
  out << "type " << static_cast<int>(seen.type) << std::oct << " mode " << seen.permissions
      << std::dec << " owner " << seen.uid << ':' << seen.gid << " links " << seen.links << " -> "
      << seen.target;
  for (const auto& [name, value] : seen.xattrs) out << ' ' << name << '=' << value;
  return out.str();
}

}  // namespace

std::string difference(const Tree& ours, const Tree& theirs) {
  std::set<std::string> paths;
  for (const auto& [path, seen] : ours) paths.insert(path);
  for (const auto& [path, seen] : theirs) paths.insert(path);
  std::string text;
  for (const auto& path : paths)
    if (const auto a = in_words(ours, path), b = in_words(theirs, path); a != b)
      text += path + ": " + a + " but " + b + "\n";
  return text;
}

// The directory that a path's last name is in, walked as the kernel walks: every step a lookup.
Answer<NameKey> Paths::place_of(std::string_view path) {
  NameKey key;
  for (;;) {
    const std::size_t slash = path.find('/');
    key.name = path.substr(0, slash);
    if (slash == std::string_view::npos) return key;
    TRY(const View view, run<View>([&] { return overlay_.lookup(key.directory, key.name); }));
    // Symlinks lead nowhere in these tests.
    if (view.attributes.type == FileType::kSymlink) return fail(ENOENT);
    if (view.attributes.type != FileType::kDirectory) return fail(ENOTDIR);
    key.directory = view.inode;
    path.remove_prefix(slash + 1);
  }
}

Answer<View> Paths::stat(std::string_view path) {
  if (path.empty()) return run<View>([&] { return overlay_.view(storage::kRootInode); });
  TRY(const NameKey key, place_of(path));
  return run<View>([&] { return overlay_.lookup(key.directory, key.name); });
}

int Paths::make(std::string_view path, const NewFile& file) {
  const auto key = place_of(path);
  if (!key.ok()) return code(key);
  return code(run<View>([&] { return overlay_.make(key->directory, key->name, file, act); }));
}

int Paths::link(std::string_view from, std::string_view to) {
  const auto file = stat(from);
  if (!file.ok()) return code(file);
  const auto key = place_of(to);
  if (!key.ok()) return code(key);
  return code(
      run<View>([&] { return overlay_.link(file->inode, key->directory, key->name, act); }));
}

int Paths::unlink(std::string_view path) {
  const auto key = place_of(path);
  if (!key.ok()) return code(key);
  return code(run<Done>([&] { return overlay_.unlink(key->directory, key->name, act); }));
}

int Paths::rmdir(std::string_view path) {
  const auto key = place_of(path);
  if (!key.ok()) return code(key);
  return code(run<Done>([&] { return overlay_.remove_directory(key->directory, key->name, act); }));
}

int Paths::rename(std::string_view from, std::string_view to, unsigned flags) {
  const auto source = place_of(from);
  if (!source.ok()) return code(source);
  const auto target = place_of(to);
  if (!target.ok()) return code(target);
  return code(run<Done>([&] { return overlay_.rename(*source, *target, flags, act); }));
}

int Paths::chmod(std::string_view path, mode_t permissions) {
  const auto file = stat(path);
  if (!file.ok()) return code(file);
  AttributeChange change;
  change.permissions = permissions;
  return code(run<View>([&] { return overlay_.change(file->inode, change, act); }));
}

int Paths::chown(std::string_view path, uid_t uid, gid_t gid) {
  const auto file = stat(path);
  if (!file.ok()) return code(file);
  AttributeChange change;
  change.uid = uid;
  change.gid = gid;
  return code(run<View>([&] { return overlay_.change(file->inode, change, act); }));
}

int Paths::set_xattr(std::string_view path, std::string_view name, std::string_view value,
                     XattrMode mode) {
  const auto file = stat(path);
  if (!file.ok()) return code(file);
  return code(run<Done>([&] { return overlay_.set_xattr(file->inode, name, value, mode, act); }));
}

int Paths::remove_xattr(std::string_view path, std::string_view name) {
  const auto file = stat(path);
  if (!file.ok()) return code(file);
  return code(run<Done>([&] { return overlay_.remove_xattr(file->inode, name, act); }));
}

Answer<std::string> Paths::xattr(std::string_view path, std::string_view name) {
  TRY(const View file, stat(path));
  return run<std::string>([&] { return overlay_.xattr(file.inode, name); });
}

std::vector<std::string> Paths::list(std::string_view path, std::size_t page) {
  const auto directory = stat(path);
  std::vector<std::string> names;
  if (!directory.ok()) return names;
  for (std::uint64_t after = 0;;) {
    const auto listed =
        run<std::vector<Listed>>([&] { return overlay_.list(directory->inode, after, page); });
    CHECK(listed.ok());
    if (listed->empty()) return names;
    for (const auto& item : *listed) names.push_back(item.name);
    after = listed->back().cookie;
  }
}

void Paths::walk(const std::string& path, InodeNumber inode, Tree& tree) {
  const auto view = run<View>([&] { return overlay_.view(inode); });
  CHECK(view.ok());
  Seen seen{view->attributes.type,
            view->attributes.permissions,
            view->attributes.uid,
            view->attributes.gid,
            view->links,
            "",
            view->attributes.xattrs};
  if (seen.type == FileType::kSymlink)
    seen.target = run<Content>([&] { return overlay_.content(inode); })->bytes;
  tree[path] = seen;
  if (seen.type != FileType::kDirectory) return;
  for (const auto& name : list(path)) {
    if (name == "." || name == "..") continue;
    const auto child = run<View>([&] { return overlay_.lookup(inode, name); });
    CHECK(child.ok());
    walk(path.empty() ? name : path + "/" + name, child->inode, tree);
  }
}

Tree Paths::tree() {
  Tree tree;
  walk("", storage::kRootInode, tree);
  return tree;
}

}  // namespace storage_overlay
