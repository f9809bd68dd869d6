#include "write_ahead.h"

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <utility>
#include <vector>

namespace storage_daemon {

using base::Status;
using storage::kDataObjectBytes;
using storage_attempts::StagedFile;
using storage_tree::Early;

namespace {

constexpr std::chrono::milliseconds kLookEvery{10};
constexpr std::chrono::milliseconds kLookNotBefore{1};  // after the last time
// A file that grows is announced with room, so that not every piece has to be.
constexpr std::uint64_t kPiecesAnnounced = 16;

std::uint64_t pieces_of(std::uint64_t bytes) {
  return (bytes + kDataObjectBytes - 1) / kDataObjectBytes;
}

// A piece without data stays a hole.
bool has_data(int fd, std::uint64_t piece) {
  const off_t data = ::lseek(fd, static_cast<off_t>(piece * kDataObjectBytes), SEEK_DATA);
  return data >= 0 && static_cast<std::uint64_t>(data) < (piece + 1) * kDataObjectBytes;
}

}  // namespace

std::uint64_t WriteAhead::Progress::pieces() const {
  return file.was_open ? file.size / kDataObjectBytes : pieces_of(file.size);
}

WriteAhead::WriteAhead(storage_attempts::AttemptFileSystem& files, std::shared_ptr<Bell> room)
    : files_(files),
      room_(std::move(room)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

WriteAhead::~WriteAhead() {
  thread_.request_stop();
  thread_.join();
}

void WriteAhead::add(std::shared_ptr<Attempt> attempt) {
  auto watched = std::make_shared<Watched>();
  watched->attempt = std::move(attempt);
  const std::lock_guard lock(mutex_);
  const AttemptNumber number = watched->attempt->facts().number;
  watched_.emplace(number, std::move(watched));
  if (watched_.size() == 1) changed_.notify_all();
}

void WriteAhead::stop(AttemptNumber number) {
  std::unique_lock lock(mutex_);
  watched_.erase(number);
  changed_.wait(lock, [&] { return looking_at_ != number; });
}

void WriteAhead::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return !watched_.empty(); })) {
    const auto all = watched_;
    for (const auto& [number, watched] : all) {
      if (stop.stop_requested() || !watched_.contains(number)) continue;
      looking_at_ = number;
      lock.unlock();
      look(*watched);
      lock.lock();
      looking_at_ = 0;
      changed_.notify_all();
    }
    lock.unlock();
    room_->wait(stop, kLookNotBefore, kLookEvery);
    lock.lock();
  }
}

// What an open file held before may be written over: what it grows by is likely to stay.
void WriteAhead::learn(Watched& watched, std::vector<StagedFile> files) {
  for (StagedFile& file : files) {
    Progress& progress = watched.files[file.inode];
    progress.next = file.was_open ? std::max(progress.next, pieces_of(file.kept)) : 0;
    progress.file = std::move(file);
  }
}

void WriteAhead::look(Watched& watched) {
  learn(watched, files_.written(watched.attempt->facts().number));
  const auto ready = [](const auto& item) { return !item.second.done(); };
  if (std::ranges::none_of(watched.files, ready)) return;
  Attempt& attempt = *watched.attempt;
  // What cannot be stored now is stored at the end, and what is wrong is said then.
  if (!attempt.is_early() && !attempt.mark_early()) return;
  if (!announce(watched)) return;
  for (auto& [inode, progress] : watched.files) {
    if (!progress.done() && !store(attempt, progress)) break;
  }
  std::erase_if(watched.files,
                [](const auto& item) { return item.second.done() && !item.second.file.was_open; });
}

Status WriteAhead::announce(const Watched& watched) {
  std::map<InodeNumber, std::uint64_t> sizes;
  for (const auto& [inode, progress] : watched.files) {
    if (progress.done()) continue;
    const std::uint64_t room = std::max(kPiecesAnnounced, std::bit_ceil(progress.pieces() + 1));
    sizes[inode] = progress.file.was_open ? room * kDataObjectBytes : progress.file.size;
  }
  return watched.attempt->tree().announce(watched.attempt->facts().writer, sizes);
}

bool WriteAhead::store(const Attempt& attempt, Progress& progress) {
  auto opened = progress.file.open();
  if (!opened) {  // it was removed
    progress.next = progress.pieces();
    return true;
  }
  const auto fd = std::make_shared<const base::UniqueFd>(*std::move(opened));
  for (; !progress.done(); ++progress.next) {
    if (!has_data(fd->get(), progress.next)) continue;
    const std::uint64_t bytes =
        std::min(kDataObjectBytes, progress.file.size - progress.next * kDataObjectBytes);
    const auto begun = attempt.tree().upload_early(attempt.facts().writer, progress.file.inode, fd,
                                                   progress.next, bytes);
    if (begun == Early::kNotNow) return false;
  }
  return true;
}

}  // namespace storage_daemon
