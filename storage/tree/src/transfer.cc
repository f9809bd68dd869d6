#include "transfer.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "storage/object_rules.h"

namespace storage_tree {
namespace {

using storage::kDataObjectBytes;

base::Error file_error(const char* what) {
  return base::error_from_errno(errno, std::string(what) + " a staged file");
}

base::Status read_piece(int fd, std::uint64_t offset, std::span<char> bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t got =
        ::pread(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_error("reading");
    if (got == 0) {
      return base::Error{base::ErrorCode::kConflict, "a staged file shrank while it was stored"};
    }
    done += static_cast<std::size_t>(got);
  }
  return {};
}

std::uint64_t object_bytes(std::uint64_t size, std::uint64_t index) {
  return std::min(kDataObjectBytes, size - index * kDataObjectBytes);
}

std::vector<std::uint64_t> indexes(const std::vector<Content::Run>& runs) {
  std::vector<std::uint64_t> result;
  for (const auto& run : runs) {
    for (std::uint64_t i = 0; i < run.count; ++i) result.push_back(run.first + i);
  }
  return result;
}

bool is_hole(const Content& content, std::uint64_t index) {
  return std::none_of(content.objects.begin(), content.objects.end(), [&](const auto& run) {
    return index >= run.first && index - run.first < run.count;
  });
}

// Adds objects [first, last] behind those that are there.
void add_run(std::vector<Content::Run>& runs, std::uint64_t first, std::uint64_t last) {
  if (!runs.empty()) {
    const std::uint64_t end = runs.back().first + runs.back().count;
    first = std::max(first, end);
    if (first > last) return;
    if (first == end) {
      runs.back().count += last - first + 1;
      return;
    }
  }
  runs.push_back({first, last - first + 1});
}

}  // namespace

struct Bounded::State {
  std::mutex mutex;  // guards everything below
  std::condition_variable changed;
  std::size_t under_way = 0;
  std::optional<base::Error> error;
};

Bounded::Bounded(std::size_t most) : most_(most), state_(std::make_shared<State>()) {}

bool Bounded::start(const std::function<void(Done)>& request) {
  {
    std::unique_lock lock(state_->mutex);
    state_->changed.wait(lock, [&] { return state_->under_way < most_; });
    if (state_->error) return false;
    ++state_->under_way;
  }
  request([state = state_](base::Status status) {
    const std::lock_guard lock(state->mutex);
    --state->under_way;
    if (!status.ok() && !state->error) state->error = std::move(status).error();
    state->changed.notify_all();
  });
  return true;
}

base::Status Bounded::wait() {
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [&] { return state_->under_way == 0; });
  if (state_->error) return *state_->error;
  return {};
}

base::Status run_bounded(
    std::uint64_t count, std::size_t most,
    const std::function<void(std::uint64_t, std::function<void(base::Status)>)>& start) {
  Bounded requests(most);
  for (std::uint64_t i = 0; i < count; ++i) {
    if (!requests.start([&](Bounded::Done done) { start(i, std::move(done)); })) break;
  }
  return requests.wait();
}

base::Result<std::vector<Content::Run>> data_runs(int fd, std::uint64_t size) {
  std::vector<Content::Run> runs;
  for (std::uint64_t position = 0; position < size;) {
    const off_t data = ::lseek(fd, static_cast<off_t>(position), SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;
    if (data < 0) return file_error("looking for data in");
    if (static_cast<std::uint64_t>(data) >= size) break;
    const off_t hole = ::lseek(fd, data, SEEK_HOLE);
    if (hole < 0) return file_error("looking for holes in");
    const std::uint64_t end = std::min(static_cast<std::uint64_t>(hole), size);
    add_run(runs, static_cast<std::uint64_t>(data) / kDataObjectBytes,
            (end - 1) / kDataObjectBytes);
    position = end;
  }
  return runs;
}

void Transfer::put(const std::string& writer, InodeNumber inode, int fd, std::uint64_t index,
                   std::uint64_t bytes, const Bounded::Done& done) {
  storage::ObjectWrite write;
  write.source = {bytes, [fd, offset = index * kDataObjectBytes](std::span<char> to) {
                    return read_piece(fd, offset, to);
                  }};
  volume_.store.write(volume_.data(data_object(inode, writer, index)), std::move(write),
                      [done](const base::Result<storage::ObjectVersion>& result) {
                        done(result.ok() ? base::Status() : base::Status(result.error()));
                      });
}

base::Status Transfer::upload(const std::string& writer, InodeNumber inode, int fd,
                              const Content& content) {
  const auto begun = early_.close(writer, inode);
  Bounded requests(volume_.options.requests_max);
  for (const std::uint64_t index : indexes(content.objects)) {
    if (begun.contains(index)) continue;
    const bool started = requests.start([&](const Bounded::Done& done) {
      put(writer, inode, fd, index, object_bytes(content.size, index), done);
    });
    if (!started) break;
  }
  base::Status settled;
  if (!begun.empty()) settled = settle_early(writer, inode, fd, content, begun, requests);
  auto stored = requests.wait();
  TRY_STATUS(std::move(settled));
  return stored;
}

// While others are under way: what was stored early is compared with the file as it is now, stored
// again where it is something else, and removed where the file has no such piece any more.
base::Status Transfer::settle_early(const std::string& writer, InodeNumber inode, int fd,
                                    const Content& content, const EarlyPieces::Pieces& begun,
                                    Bounded& requests) {
  std::map<std::uint64_t, Digest> now;
  std::vector<char> buffer(kDataObjectBytes);
  std::vector<storage::ObjectId> none_any_more;
  for (const auto& [index, piece] : begun) {
    if (is_hole(content, index)) {
      none_any_more.push_back(volume_.data(data_object(inode, writer, index)));
    } else if (piece.bytes == object_bytes(content.size, index)) {
      const std::span<char> bytes(buffer.data(), piece.bytes);
      TRY_STATUS(read_piece(fd, index * kDataObjectBytes, bytes));
      now.emplace(index, digest_of(bytes));
    }
  }
  const auto stored = early_.wait(writer, inode);
  if (early_.is_doubtful(writer)) {
    return base::Error{base::ErrorCode::kUnavailable,
                       "volume " + volume_.space + ": what " + writer +
                           " stored while it ran was not answered, and may still arrive"};
  }
  for (const auto& [index, piece] : stored) {
    if (is_hole(content, index)) continue;
    const auto wanted = now.find(index);
    if (wanted != now.end() && piece.digest && same(*piece.digest, wanted->second)) continue;
    requests.start([&, again = index](const Bounded::Done& done) {
      put(writer, inode, fd, again, object_bytes(content.size, again), done);
    });
  }
  return remove(none_any_more);
}

Early Transfer::upload_early(const std::string& writer, InodeNumber inode,
                             const std::shared_ptr<const base::UniqueFd>& fd, std::uint64_t index,
                             std::uint64_t bytes) {
  const auto begun = early_.begin(writer, inode, index, bytes);
  if (begun != Early::kBegun) return begun;
  const auto digest = std::make_shared<Digest>();
  storage::ObjectWrite write;
  write.source = {
      bytes, [fd, digest, offset = index * kDataObjectBytes](std::span<char> to) -> base::Status {
        TRY_STATUS(read_piece(fd->get(), offset, to));
        *digest = digest_of(to);
        return {};
      }};
  volume_.store.write(volume_.data(data_object(inode, writer, index)), std::move(write),
                      [=, this](const base::Result<storage::ObjectVersion>& result) {
                        const auto held = result.ok() ? std::optional(*digest) : std::nullopt;
                        const bool doubtful = !result.ok() && is_unknown(result.error());
                        early_.end(writer, inode, index, held, doubtful);
                      });
  return begun;
}

base::Result<std::string> Transfer::read(InodeNumber inode, const Content& content,
                                         std::uint64_t offset, std::uint64_t length) {
  if (offset >= content.size) return std::string();
  length = std::min(length, content.size - offset);
  if (content.writer.empty()) return content.bytes.substr(offset, length);
  std::string bytes(length, '\0');
  const std::uint64_t first = offset / kDataObjectBytes;
  const std::uint64_t count = (offset + length - 1) / kDataObjectBytes - first + 1;
  TRY_STATUS(run_bounded(
      count, volume_.options.requests_max,
      [&](std::uint64_t i, const std::function<void(base::Status)>& done) {
        const std::uint64_t index = first + i;
        if (is_hole(content, index)) return done({});
        const std::uint64_t start = std::max(offset, index * kDataObjectBytes);
        const std::uint64_t end = std::min(offset + length, (index + 1) * kDataObjectBytes);
        const auto object = volume_.data(data_object(inode, content.writer, index));
        volume_.store.read(object, start - index * kDataObjectBytes, end - start,
                           [&bytes, object, done, at = start - offset,
                            wanted = end - start](const base::Result<std::string>& result) {
                             const bool missing =
                                 result.ok() ? result->size() != wanted
                                             : result.error().code == base::ErrorCode::kNotFound;
                             if (missing) {
                               return done(base::Error{base::ErrorCode::kDataLoss,
                                                       "data object " + storage::to_string(object) +
                                                           " is missing or too short"});
                             }
                             if (!result.ok()) return done(result.error());
                             std::copy(result->begin(), result->end(),
                                       bytes.begin() + static_cast<std::ptrdiff_t>(at));
                             done({});
                           });
      }));
  return bytes;
}

base::Status Transfer::remove(const std::vector<storage::ObjectId>& objects) {
  return run_bounded(objects.size(), volume_.options.requests_max,
                     [&](std::uint64_t i, const std::function<void(base::Status)>& done) {
                       storage::ObjectWrite write;
                       write.remove = true;
                       volume_.store.write(
                           objects[i], std::move(write),
                           [done](const base::Result<storage::ObjectVersion>& result) {
                             const bool gone =
                                 result.ok() || result.error().code == base::ErrorCode::kNotFound;
                             done(gone ? base::Status() : base::Status(result.error()));
                           });
                     });
}

}  // namespace storage_tree
