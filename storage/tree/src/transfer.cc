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

base::Result<std::string> read_piece(int fd, std::uint64_t offset, std::size_t length) {
  std::string bytes(length, '\0');
  for (std::size_t done = 0; done < length;) {
    const ssize_t got =
        ::pread(fd, bytes.data() + done, length - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_error("reading");
    if (got == 0) {
      return base::Error{base::ErrorCode::kConflict, "a staged file shrank while it was stored"};
    }
    done += static_cast<std::size_t>(got);
  }
  return bytes;
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

base::Status run_bounded(
    std::uint64_t count, std::size_t most,
    const std::function<void(std::uint64_t, std::function<void(base::Status)>)>& start) {
  struct State {
    std::mutex mutex;  // guards everything below
    std::condition_variable changed;
    std::size_t under_way = 0;
    std::optional<base::Error> error;
  };
  const auto state = std::make_shared<State>();
  for (std::uint64_t i = 0; i < count; ++i) {
    {
      std::unique_lock lock(state->mutex);
      state->changed.wait(lock, [&] { return state->under_way < most; });
      if (state->error) break;
      ++state->under_way;
    }
    start(i, [state](base::Status status) {
      const std::lock_guard lock(state->mutex);
      --state->under_way;
      if (!status.ok() && !state->error) state->error = std::move(status).error();
      state->changed.notify_all();
    });
  }
  std::unique_lock lock(state->mutex);
  state->changed.wait(lock, [&] { return state->under_way == 0; });
  if (state->error) return *state->error;
  return {};
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

base::Status Transfer::upload(const std::string& writer, InodeNumber inode, int fd,
                              const Content& content) {
  const auto wanted = indexes(content.objects);
  return run_bounded(
      wanted.size(), volume_.options.requests_max,
      [&](std::uint64_t i, const std::function<void(base::Status)>& done) {
        auto bytes =
            read_piece(fd, wanted[i] * kDataObjectBytes, object_bytes(content.size, wanted[i]));
        if (!bytes.ok()) return done(std::move(bytes).error());
        storage::ObjectWrite write;
        write.data = std::move(*bytes);
        volume_.store.write(volume_.data(data_object(inode, writer, wanted[i])), std::move(write),
                            [done](const base::Result<storage::ObjectVersion>& result) {
                              done(result.ok() ? base::Status() : base::Status(result.error()));
                            });
      });
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
