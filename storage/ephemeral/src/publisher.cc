#include "publisher.h"

#include <algorithm>
#include <future>
#include <utility>

#include "bytes.h"

namespace storage_ephemeral {
namespace {

constexpr std::size_t kBatchKeysMax = 2000;
constexpr std::size_t kPageKeysMax = 4096;
constexpr std::chrono::milliseconds kRetryAfter{50};
constexpr std::chrono::milliseconds kRetryAfterMax{1000};

std::string number_key(const NodeName& node) {
  return encode(
      RecordKey{.kind = RecordKey::Kind::kSequence, .inode = 0, .version = 0, .name = node});
}

std::map<NodeName, std::uint64_t> numbers_in(const std::map<std::string, std::string>& entries) {
  std::map<NodeName, std::uint64_t> numbers;
  for (const auto& [bytes, value] : entries) {
    const auto key = decode_record_key(bytes);
    if (!key.ok() || key->kind != RecordKey::Kind::kSequence) continue;
    numbers[key->name] = ByteReader(value).number<std::uint64_t>();
  }
  return numbers;
}

base::Error stopping() {
  return {base::ErrorCode::kUnavailable, "ephemeral files: the volume is not attached any more"};
}

void answer(std::vector<DoneStatus>& waiting, const base::Status& status) {
  for (const DoneStatus& done : std::exchange(waiting, {})) done(status);
}

void append(std::vector<DoneStatus>& to, std::vector<DoneStatus>& from) {
  for (DoneStatus& done : from) to.push_back(std::move(done));
  from.clear();
}

}  // namespace

Publisher::Publisher(Context& context, const std::string& volume, WithLedger with_ledger)
    : context_(context),
      object_{.pool = storage::Pool::kMetadata, .space = volume, .name = std::string(kNamesObject)},
      with_ledger_(std::move(with_ledger)) {}

// An answer of the store, brought to the loop.
template <typename Method>
auto Publisher::on_loop(Method method) {
  return [self = shared_from_this(), method](auto result) {
    Context& context = self->context_;
    context.loop.post([self, method, result = std::move(result)] {
      if (!self->stopped_) ((*self).*method)(result);
    });
  };
}

base::Status Publisher::load() {
  const std::string key = number_key(context_.settings.name);
  storage::ObjectWrite first;
  first.absent = true;
  first.omap_set[key] = ByteWriter().number(std::uint64_t{0}).take();
  const auto made = context_.store.write(object_, std::move(first));
  if (!made.ok() && made.error().code != base::ErrorCode::kAlreadyExists) return made.error();
  TRY(watch_, context_.store.watch(
                  object_,
                  [self = weak_from_this()](std::string_view bytes) {
                    const auto publisher = self.lock();
                    if (publisher == nullptr) return;
                    if (is_from(bytes, publisher->context_.settings.name)) return;
                    publisher->context_.loop.post([publisher, said = std::string(bytes)] {
                      if (!publisher->stopped_) publisher->heard(said);
                    });
                  },
                  [self = weak_from_this()] {
                    if (const auto publisher = self.lock())
                      publisher->read_missed([](const auto&) {});
                  }));
  std::map<std::string, std::string> all;
  storage::ObjectVersion version = 0;
  for (std::string after;;) {
    TRY(storage::OmapPage page, context_.store.omap_list(object_, after, "", kPageKeysMax));
    if (version == 0) version = page.version;
    if (!page.entries.empty()) after = page.entries.rbegin()->first;
    all.merge(page.entries);
    if (!page.more) break;
  }
  // News come to the loop already.
  std::promise<void> known;
  const bool runs = context_.loop.post([&] {
    begin_with(all, version);
    known.set_value();
  });
  if (!runs) return stopping();
  known.get_future().wait();
  return {};
}

void Publisher::begin_with(const std::map<std::string, std::string>& all,
                           storage::ObjectVersion version) {
  with_ledger_([&](Ledger& ledger) { ledger.hear_all(all, version); });
  const auto numbers = numbers_in(all);
  know(numbers);
  if (const auto mine = numbers.find(context_.settings.name); mine != numbers.end())
    number_ = mine->second;
  if (number_ == 0) return;
  // An earlier daemon may have died before it could tell of its last batch.
  context_.store.notify(
      object_,
      encode(Announcement{
          .node = context_.settings.name, .number = number_, .version = version, .values = {}}));
}

void Publisher::changed() {
  if (scheduled_.exchange(true)) return;
  context_.loop.post(
      [self = shared_from_this()] { self->arm(self->context_.settings.publish_after); });
}

void Publisher::arm(std::chrono::milliseconds wait) {
  if (armed_ || stopped_) return;
  armed_ = true;
  context_.loop.after(wait, [self = shared_from_this()] {
    self->armed_ = false;
    self->publish();
  });
}

void Publisher::flush(DoneStatus done) {
  context_.loop.post([self = shared_from_this(), done = std::move(done)] {
    if (self->stopped_) return done(stopping());
    self->flushing_.push_back(done);
    self->publish();
  });
}

void Publisher::publish() {
  scheduled_ = false;
  if (stopped_ || writing_ || listing_) return;
  std::optional<storage::ObjectWrite> write;
  bool all = false;
  with_ledger_([&](Ledger& ledger) {
    if (ledger.dirty()) write = as_write(ledger.take_batch(kBatchKeysMax));
    all = !ledger.dirty();
  });
  if (!write) return answer(flushing_, {});
  if (all) append(flying_flushes_, flushing_);
  writing_ = true;
  context_.store.write(object_, std::move(*write), on_loop(&Publisher::answered));
}

storage::ObjectWrite Publisher::as_write(const Ledger::Batch& batch) {
  storage::ObjectWrite write;
  write.omap_equals = batch.guards;
  for (const auto& [key, value] : batch.values) {
    if (value) {
      write.omap_set[key] = *value;
    } else {
      write.omap_remove.push_back(key);
    }
  }
  write.omap_set[number_key(context_.settings.name)] = ByteWriter().number(number_ + 1).take();
  return write;
}

void Publisher::answered(const base::Result<storage::ObjectVersion>& result) {
  if (result.ok()) return landed(*result);
  if (result.error().code == base::ErrorCode::kConflict) return resolve_conflict();
  retry(result.error());
}

void Publisher::landed(storage::ObjectVersion version) {
  writing_ = false;
  retry_after_ = kRetryAfter;
  ++number_;
  ++context_.counters.batches_published;
  bool dirty = false;
  std::string news;
  with_ledger_([&](Ledger& ledger) {
    const Values& values = ledger.batch().values;
    context_.counters.names_published += values.size();
    news = encode_announcement(context_.settings.name, number_, version, values);
    ledger.published(version);
    dirty = ledger.dirty();
  });
  context_.store.notify(object_, std::move(news));
  answer(flying_flushes_, {});
  if (listing_) return list_from("");
  if (!flushing_.empty()) return publish();
  if (dirty) arm(context_.settings.publish_after);
}

void Publisher::resolve_conflict() {
  std::vector<std::string> guarded;
  with_ledger_([&](Ledger& ledger) {
    for (const auto& [key, value] : ledger.batch().guards) guarded.push_back(key);
  });
  context_.store.omap_get(object_, std::move(guarded), on_loop(&Publisher::resolve));
}

void Publisher::resolve(const base::Result<storage::OmapPage>& page) {
  if (!page.ok()) return retry(page.error());
  writing_ = false;
  with_ledger_([&](Ledger& ledger) {
    Values current;
    for (const auto& [key, guard] : ledger.batch().guards) {
      const auto found = page->entries.find(key);
      current[key] = found == page->entries.end() ? Value() : Value(found->second);
    }
    ledger.conflicted(current);
  });
  append(flushing_, flying_flushes_);
  if (listing_) return list_from("");
  publish();
}

void Publisher::retry(const base::Error& error) {
  context_.log.warn("ephemeral", "names could not be published yet", {{"why", error.message}});
  writing_ = false;
  with_ledger_([](Ledger& ledger) { ledger.failed(); });
  append(flushing_, flying_flushes_);
  if (listing_) return list_from("");
  arm(retry_after_);
  retry_after_ = std::min(retry_after_ * 2, kRetryAfterMax);
}

// --- What others say ---

void Publisher::heard(const std::string& bytes) {
  const auto news = decode_announcement(bytes);
  if (!news.ok() || news->node == context_.settings.name) return;
  with_ledger_([&](Ledger& ledger) { ledger.hear(news->values, news->version); });
  std::unique_lock lock(heard_mutex_);
  std::uint64_t& known = heard_numbers_[news->node];
  // Without values it says which batch was the last one.
  const std::uint64_t told = news->values.empty() ? known : known + 1;
  const bool gap = news->number > told;
  if (!gap) known = std::max(known, news->number);
  lock.unlock();
  if (gap) refresh_unasked();
}

void Publisher::know(const std::map<NodeName, std::uint64_t>& numbers) {
  const std::lock_guard lock(heard_mutex_);
  for (const auto& [node, number] : numbers) {
    std::uint64_t& known = heard_numbers_[node];
    known = std::max(known, number);
  }
}

bool Publisher::behind(const std::map<NodeName, std::uint64_t>& numbers) const {
  const std::lock_guard lock(heard_mutex_);
  return std::ranges::any_of(numbers, [this](const auto& entry) {
    const auto known = heard_numbers_.find(entry.first);
    const std::uint64_t heard = known == heard_numbers_.end() ? 0 : known->second;
    return entry.first != context_.settings.name && heard < entry.second;
  });
}

void Publisher::refresh_unasked() {
  if (in_refresh_) return;
  next_refreshing_.emplace_back([](const auto&) {});
  begin_refresh();
}

// A node that dies after the store's answer tells nobody of its last batch. So who looks at names
// makes this node look at the numbers, however often it is done: once in a while.
void Publisher::looked_at() {
  if (looking_.load(std::memory_order_relaxed) || looking_.exchange(true)) return;
  context_.loop.post([self = shared_from_this()] {
    self->context_.loop.after(self->context_.settings.look_after, [self] { self->look(); });
  });
}

void Publisher::look() {
  looking_ = false;
  if (stopped_) return;
  context_.store.omap_list(object_, "", "s/", kPageKeysMax, on_loop(&Publisher::looked));
}

// What is ahead is under way as a rule: it gets the same time again before all names are read.
void Publisher::looked(const base::Result<storage::OmapPage>& page) {
  if (!page.ok()) return;
  auto numbers = numbers_in(page->entries);
  if (!behind(numbers)) return;
  context_.loop.after(context_.settings.look_after,
                      [self = shared_from_this(), numbers = std::move(numbers)] {
                        if (!self->stopped_ && self->behind(numbers)) self->refresh_unasked();
                      });
}

void Publisher::refresh(DoneStatus done) {
  context_.store.omap_list(
      object_, "", "s/", kPageKeysMax,
      [self = shared_from_this(), done = std::move(done)](base::Result<storage::OmapPage> page) {
        if (!page.ok()) return done(std::move(page).error());
        if (!self->behind(numbers_in(page->entries))) return done({});
        self->read_missed(done);
      });
}

void Publisher::read_missed(DoneStatus done) {
  context_.loop.post([self = shared_from_this(), done = std::move(done)] {
    if (self->stopped_) return done(stopping());
    self->next_refreshing_.push_back(done);
    self->begin_refresh();
  });
}

// Who asks while a refresh runs waits for the next: the running one may have looked too early.
void Publisher::begin_refresh() {
  if (in_refresh_ || next_refreshing_.empty()) return;
  in_refresh_ = true;
  refreshing_ = std::exchange(next_refreshing_, {});
  context_.store.omap_list(object_, "", "s/", kPageKeysMax, on_loop(&Publisher::compare));
}

void Publisher::compare(const base::Result<storage::OmapPage>& page) {
  if (!page.ok()) return end_refresh(page.error());
  listed_numbers_ = numbers_in(page->entries);
  if (!behind(listed_numbers_)) return end_refresh({});
  listing_ = true;
  if (!writing_) list_from("");
}

void Publisher::list_from(const std::string& after) {
  if (after.empty()) {
    listed_.clear();
    listed_version_ = 0;
  }
  context_.store.omap_list(object_, after, "", kPageKeysMax, on_loop(&Publisher::listed));
}

void Publisher::listed(const base::Result<storage::OmapPage>& page) {
  if (!page.ok()) return end_refresh(page.error());
  if (listed_version_ == 0) listed_version_ = page->version;
  listed_.insert(page->entries.begin(), page->entries.end());
  if (page->more && !page->entries.empty()) return list_from(page->entries.rbegin()->first);
  with_ledger_([this](Ledger& ledger) { ledger.hear_all(listed_, listed_version_); });
  know(listed_numbers_);
  end_refresh({});
}

void Publisher::end_refresh(const base::Status& status) {
  in_refresh_ = false;
  listing_ = false;
  listed_.clear();
  answer(refreshing_, status);
  publish();
  begin_refresh();
}

void Publisher::stop() {
  stopped_ = true;
  watch_.reset();
  for (auto* waiting : {&flushing_, &flying_flushes_, &refreshing_, &next_refreshing_}) {
    answer(*waiting, stopping());
  }
}

}  // namespace storage_ephemeral
