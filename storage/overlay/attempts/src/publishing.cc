// Attempts that publish what they do while they run, and then go on above what the volume is by
// then.
#include "publishing.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>

#include "serve.h"

namespace storage_attempts {

using storage_overlay::Bytes;
using storage_overlay::Done;
using Attempt = AttemptFileSystem::Attempt;

namespace {

// Of what the end of an attempt asks for: no request of the kernel has it.
constexpr std::uint64_t kRestOfIt = ~std::uint64_t{0};

std::string staging_name(InodeNumber inode) { return "f" + std::to_string(inode); }

}  // namespace

// --- What is to be published.

bool Attempt::is_dirty(InodeNumber inode) const {
  struct stat stat{};
  if (::fstatat(directory_.get(), staging_name(inode).c_str(), &stat, 0) != 0) return false;
  const auto known = publishing.files.find(inode);
  return known == publishing.files.end() || !(known->second.stamp == Stamp::of(stat));
}

Bytes Attempt::bytes_of(InodeNumber inode) const {
  if (publishes_at_once()) return publishing.due.contains(inode) ? Bytes::kNew : Bytes::kNotNow;
  if (is_dirty(inode)) return Bytes::kNew;
  const auto open = files.find(inode);
  return open != files.end() && open->second.writers > 0 ? Bytes::kAsCommitted : Bytes::kNotNow;
}

Answer<Done> Attempt::ask_for(std::uint64_t request, InodeNumber inode) {
  if (!overlay.earlier(request)) overlay.answered(request, 0, inode);
  wants.published = true;
  return Stop{};
}

Answer<Done> Attempt::publish_file(InodeNumber inode, std::uint64_t request) {
  const auto earlier = overlay.earlier(request);
  if (earlier && earlier->published) return Done{};
  TRY(const View view, overlay.view(inode));
  if (!view.staged || (!earlier && !is_dirty(inode))) return Done{};
  if (overlay.is_lost(inode)) return fail(ESTALE);
  TRY_STATUS(may_change());
  publishing.due.insert(inode);
  overlay.rewritten(inode);
  return ask_for(request, inode);
}

// What is known from an older snapshot only is not part of the overlay's changes.
Answer<Done> Attempt::know_staged() {
  for (const InodeNumber inode : overlay.staged()) {
    const auto view = overlay.view(inode);
    if (!view.ok() && view.error().error == 0) return view.error();
  }
  return Done{};
}

Answer<Done> Attempt::publish_all(std::uint64_t request) {
  const auto earlier = overlay.earlier(request);
  if (earlier && earlier->published) return Done{};
  TRY_STATUS(may_change());
  TRY_STATUS(know_staged());
  return ask_for(request, storage::kRootInode);
}

Answer<Done> Attempt::publish_rest() {
  const auto earlier = overlay.earlier(kRestOfIt);
  if (earlier && earlier->published) return Done{};
  if (frozen) return Done{};
  TRY_STATUS(may_change());
  TRY_STATUS(know_staged());
  std::vector<InodeNumber> dirty;
  for (const InodeNumber inode : overlay.staged()) {
    const auto view = overlay.view(inode);
    if (view.ok() && view->links > 0 && is_dirty(inode)) dirty.push_back(inode);
  }
  if (dirty.empty()) return Done{};
  publishing.due.insert(dirty.begin(), dirty.end());
  for (const InodeNumber inode : dirty) overlay.rewritten(inode);
  return ask_for(kRestOfIt, storage::kRootInode);
}

void Attempt::note_change(InodeNumber inode) {
  const auto open = files.find(inode);
  if (open != files.end() && open->second.writers > 0) return;
  publishing.due.insert(inode);
  overlay.rewritten(inode);
}

base::Result<Finished> Attempt::begin_publication() {
  publishing.phase = Publishing::Phase::kUnderWay;
  std::map<InodeNumber, Bytes> decided;
  storage_overlay::Changes changes = overlay.changes([&](InodeNumber inode) {
    const auto [at, is_new] = decided.try_emplace(inode, Bytes::kNotNow);
    if (is_new) at->second = bytes_of(inode);
    return at->second;
  });
  for (const auto& [inode, bytes] : decided) {
    if (bytes != Bytes::kAsCommitted) continue;
    if (auto content = overlay.content(inode); content.ok())
      publishing.renewed[inode].content = *std::move(content);
  }
  Finished finished;
  finished.read = std::move(changes.read);
  finished.write = std::move(changes.write);
  for (const InodeNumber inode : changes.staged) {
    const auto name = staging_name(inode);
    // A page that is mapped is written to without a word again, unless it was on its way to the
    // disk. What is written from here on makes the stamp another one.
    if (const auto fd = staging_file(inode); fd.ok() && !publishes_at_once())
      ::sync_file_range((*fd)->get(), 0, 0, SYNC_FILE_RANGE_WRITE);
    struct stat stat{};
    if (::fstatat(directory_.get(), name.c_str(), &stat, 0) != 0)
      return base::error_from_errno(errno, "look at a staging file");
    publishing.begun[inode] = stat;
    StagedFile file;
    file.inode = inode;
    file.path = options.staging / name;
    file.take(stat);
    if (!publishes_at_once()) {
      remove_file('c', inode);
      TRY(file, staged_copy(inode));
    }
    finished.staged.push_back(std::move(file));
  }
  finished.set_times();
  return finished;
}

// --- Its end.

Publishing::Waiting Attempt::end_publication(int error) {
  publishing.phase = Publishing::Phase::kQuiet;
  publishing.begun.clear();
  publishing.renewed.clear();
  publishing.due.clear();
  ++publishing.moves;
  write_journal();
  sweep();
  Publishing::Waiting calls;
  for (auto& done : std::exchange(publishing.waiting, {}))
    calls.emplace_back([done = std::move(done), error] { done(error); });
  return calls;
}

Publishing::Waiting Attempt::published(const Publication& publication, const Latest& now) {
  auto stored = std::move(publishing.renewed);
  for (const auto& [inode, content] : publication.contents) {
    const struct stat& stat = publishing.begun[inode];
    publishing.files[inode] = {Stamp::of(stat), content};
    publishing.bytes += static_cast<std::int64_t>(content.size);
    stored[inode] = {content, time_of(stat.st_atim), time_of(stat.st_mtim), time_of(stat.st_ctim)};
  }
  overlay.published(publication.number, publication.alone, stored);
  if (now.number != publication.number) overlay.move_to(now.number);
  if (now.enter) now.enter();
  return end_publication(0);
}

Publishing::Waiting Attempt::not_published(int error, const std::optional<Latest>& now,
                                           bool for_ever) {
  if (for_ever) publishing.broken = error;
  if (publishes_at_once() && !for_ever) {
    overlay.undo(now ? now->number : overlay.snapshot());
    if (now && now->enter) now->enter();
    for (const InodeNumber inode : publishing.due) {
      const auto open = files.find(inode);
      const bool is_open =
          open != files.end() && (open->second.writers > 0 || open->second.from_before);
      if (!is_open) throw_away(inode);
    }
  }
  return end_publication(error);
}

// The bytes of a change that was undone.
void Attempt::throw_away(InodeNumber inode) {
  overlay.unstage(inode);
  publishing.files.erase(inode);
  remove_file('f', inode);
  if (const auto open = files.find(inode); open != files.end()) open->second.staged.reset();
}

void Attempt::sweep() {
  std::vector<InodeNumber> known;
  for (const auto& [inode, file] : publishing.files) known.push_back(inode);
  for (const InodeNumber inode : known) unstage_if_clean(inode);
}

// What nobody has open any more is read from the cache, as what others wrote.
void Attempt::unstage_if_clean(InodeNumber inode) {
  const auto known = publishing.files.find(inode);
  if (known == publishing.files.end() || publishing.phase != Publishing::Phase::kQuiet) return;
  const auto open = files.find(inode);
  if (open != files.end() && (open->second.opens > 0 || open->second.from_before)) return;
  if (is_dirty(inode)) return;
  const Content& content = known->second.content;
  if (!content.writer.empty() && content.size <= system.cached_file_bytes_max)
    static_cast<void>(
        cache.adopt(options.volume, inode, content, directory_.get(), staging_name(inode)).ok());
  throw_away(inode);
  files.erase(inode);
}

// --- Waiting.

void Attempt::ask_publication(std::function<void(int)> done) {
  std::unique_lock lock(mutex);
  if (const int broken = publishing.broken; broken != 0) {
    lock.unlock();
    return done(broken);
  }
  publishing.waiting.push_back(std::move(done));
  if (publishing.phase != Publishing::Phase::kQuiet) return;
  publishing.phase = Publishing::Phase::kAsked;
  lock.unlock();
  if (options.publisher->publish()) return;
  lock.lock();
  const auto calls = not_published(EAGAIN, std::nullopt, false);
  lock.unlock();
  for (const auto& call : calls) call();
}

void Attempt::await_quiet(std::function<void(int)> done) {
  std::unique_lock lock(mutex);
  if (publishing.phase == Publishing::Phase::kUnderWay) {
    publishing.waiting.emplace_back([done = std::move(done)](int) { done(0); });
    return;
  }
  lock.unlock();
  done(0);
}

// --- What others published.

void Attempt::refresh(std::function<void(int)> done) {
  if (!publishes_at_once()) return done(0);
  refresh(done, false);
}

// A publication of our own that begins after this was asked for shows all that was published before
// it was: to wait for that one is as good as to ask.
void Attempt::refresh(const std::function<void(int)>& done, bool waited) {
  std::unique_lock lock(mutex);
  const auto phase = publishing.phase;
  if (phase == Publishing::Phase::kUnderWay && !waited) {
    publishing.waiting.emplace_back(
        [self = shared_from_this(), done](int) { self->refresh(done, true); });
  } else if (phase != Publishing::Phase::kQuiet) {
    publishing.waiting.emplace_back([done](int) { done(0); });
  } else if (frozen || dropped) {
    lock.unlock();
    done(0);
  } else {
    lock.unlock();
    options.publisher->latest([self = shared_from_this(), done](auto latest) {
      latest.ok() ? self->move_on(*latest, done) : done(EIO);
    });
  }
}

void Attempt::move_on(const Latest& latest, const std::function<void(int)>& done) {
  std::unique_lock lock(mutex);
  if (publishing.phase != Publishing::Phase::kQuiet) {
    publishing.waiting.emplace_back([done](int) { done(0); });
    return;
  }
  if (latest.number > overlay.snapshot() && !frozen && !dropped) {
    overlay.move_to(latest.number);
    if (latest.enter) latest.enter();
    ++publishing.moves;
    write_journal();
  }
  lock.unlock();
  done(0);
}

// After a restart: `options.overlay.snapshot` is what the source reads. What was under way is part
// of the volume, or is asked for again by those that were not answered.
void Attempt::catch_up() {
  const auto now = options.overlay.snapshot;
  const auto committed = options.last_published;
  if (committed && *committed > overlay.snapshot()) {
    overlay.published(*committed, false, {});
    overlay.move_to(now);
  } else if (publishes_at_once()) {
    overlay.undo(now);
  } else {
    return;
  }
  write_journal();
}

// --- For the daemon.

base::Result<Finished> AttemptFileSystem::begin_publication(std::uint64_t number) {
  TRY(const auto attempt, attempt_with(number));
  const std::lock_guard lock(attempt->mutex);
  return attempt->begin_publication();
}

void AttemptFileSystem::published(std::uint64_t number, const Publication& publication,
                                  const Latest& now) {
  const auto attempt = attempt_with(number);
  if (!attempt.ok()) return;
  std::unique_lock lock((*attempt)->mutex);
  const auto calls = (*attempt)->published(publication, now);
  lock.unlock();
  for (const auto& call : calls) call();
}

void AttemptFileSystem::not_published(std::uint64_t number, int error, std::optional<Latest> now,
                                      bool for_ever) {
  const auto attempt = attempt_with(number);
  if (!attempt.ok()) return;
  std::unique_lock lock((*attempt)->mutex);
  const auto calls = (*attempt)->not_published(error, now, for_ever);
  lock.unlock();
  for (const auto& call : calls) call();
}

int AttemptFileSystem::publish_rest(std::uint64_t number) {
  const auto attempt = attempt_with(number);
  if (!attempt.ok()) return ESTALE;
  struct Waiting {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<int> error;
  } waiting;
  perform<Done>(
      *attempt,
      [](Attempt& a) -> Answer<Done> {
        if (a.publishes_at_once()) TRY_STATUS(a.publish_rest());
        TRY_STATUS(a.know_staged());
        a.frozen = true;
        // What a process that was left behind is just doing is part of it, or was too late.
        a.wants.published = a.publishing.phase != Publishing::Phase::kQuiet;
        if (a.wants.published) return Stop{};
        return Done{};
      },
      [&](const Answer<Done>& answer) {
        const std::lock_guard lock(waiting.mutex);
        waiting.error = answer.ok() ? 0 : answer.error().error;
        waiting.changed.notify_all();
      });
  std::unique_lock lock(waiting.mutex);
  waiting.changed.wait(lock, [&] { return waiting.error.has_value(); });
  return *waiting.error;
}

}  // namespace storage_attempts
