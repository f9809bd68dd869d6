#include "session.h"

#include <algorithm>
#include <utility>

namespace storage_tree {
namespace {

constexpr unsigned kTakeoversMax = 8;

base::Error lapsed(const Volume& volume) {
  return {base::ErrorCode::kConflict, "the session " + volume.options.session + " of volume " +
                                          volume.space + " lapsed, and the snapshot with it"};
}

}  // namespace

Snapshot::Snapshot(std::shared_ptr<const Pin> pin) : pin_(std::move(pin)) {}
CommitNumber Snapshot::number() const { return pin_->number(); }

Snapshot::Pin::Pin(std::shared_ptr<Pins> pins, CommitNumber number)
    : pins_(std::move(pins)), number_(number) {
  const std::lock_guard lock(pins_->mutex);
  pins_->numbers.insert(number_);
  generation_ = pins_->generation;
}

// Those of an earlier generation are not among the numbers any more.
Snapshot::Pin::~Pin() {
  const std::lock_guard lock(pins_->mutex);
  if (generation_ == pins_->generation) pins_->numbers.erase(pins_->numbers.find(number_));
}

void Snapshot::Pin::move_to(CommitNumber number) {
  const std::lock_guard lock(pins_->mutex);
  if (generation_ == pins_->generation) {
    pins_->numbers.erase(pins_->numbers.find(number_));
    pins_->numbers.insert(number);
  }
  number_ = number;
}

SessionKeeper::SessionKeeper(Volume& volume) : volume_(volume) {}

base::Status SessionKeeper::open() {
  opener_ = std::to_string(volume_.random());
  const std::string key = session_key(volume_.options.session);
  for (unsigned attempt = 0; attempt < kTakeoversMax; ++attempt) {
    const base::Instant asked = volume_.clock.now();
    TRY(const auto state, volume_.state({key}));
    const std::string found = state.raw(key);
    TRY(const auto earlier, decoded_if<Session>(volume_.volume_object(), key, found));
    Session mine;
    mine.floor = earlier ? std::min(earlier->floor, state.head.number) : state.head.number;
    mine.expires = volume_.wall() + volume_.options.lease;
    mine.map_version = 0;  // until the first refresh nobody may take an old range away
    mine.opener = opener_;
    {
      const std::lock_guard lock(mutex_);
      known_head_ = state.head.number;
      adopted_floor_ = mine.floor;
      adopted_until_ = earlier ? asked + volume_.options.lease : asked;
    }
    const auto written = write(mine, found);
    if (!is_conflict(written)) return written;
  }
  return base::Error{base::ErrorCode::kUnavailable, "volume " + volume_.space + ": the session " +
                                                        volume_.options.session +
                                                        " is opened elsewhere all the time"};
}

base::Status SessionKeeper::write(const Session& next, const std::string& guard) {
  const base::Instant asked = volume_.clock.now();
  const std::string key = session_key(volume_.options.session);
  const std::string bytes = encode(next);
  storage::ObjectWrite change;
  change.omap_equals.emplace_back(key, guard);
  change.omap_set[key] = bytes;
  TRY_STATUS(volume_.write(std::move(change)));
  const std::lock_guard lock(mutex_);
  raw_ = bytes;
  // Others wait a quarter longer than is written, this node believes in a quarter less.
  valid_until_ = asked + volume_.options.lease * 3 / 4;
  return {};
}

// A refresh whose answer was lost has changed the value: it is ours by the opener's name.
base::Status SessionKeeper::refresh() {
  const std::lock_guard one(refreshing_);
  const std::string key = session_key(volume_.options.session);
  TRY(const auto state, volume_.state({key}));
  const std::string found = state.raw(key);
  TRY(const auto stored, decoded_if<Session>(volume_.volume_object(), key, found));
  if (!stored) return begin_again();
  if (stored->opener != opener_) return lapsed(volume_);
  Session next = *stored;
  next.floor = std::max(next.floor, floor(state.head.number));
  next.expires = volume_.wall() + volume_.options.lease;
  TRY_STATUS(volume_.map(state.head.map_version));
  next.map_version = volume_.oldest_map();
  auto written = write(next, found);
  if (is_conflict(written)) return begin_again();
  if (written.ok()) {
    const std::lock_guard lock(mutex_);
    known_head_ = std::max(known_head_, state.head.number);
  }
  return written;
}

// Somebody thought that this node was dead: what it held is gone.
base::Status SessionKeeper::begin_again() {
  {
    const std::lock_guard lock(pins_->mutex);
    ++pins_->generation;
    pins_->numbers.clear();
  }
  return open();
}

CommitNumber SessionKeeper::floor(CommitNumber head) {
  CommitNumber lowest = head;
  {
    const std::lock_guard lock(mutex_);
    if (volume_.clock.now() < adopted_until_) lowest = std::min(lowest, adopted_floor_);
  }
  const std::lock_guard lock(pins_->mutex);
  if (!pins_->numbers.empty()) lowest = std::min(lowest, *pins_->numbers.begin());
  return lowest;
}

bool SessionKeeper::lease_holds() const {
  const std::lock_guard lock(mutex_);
  return volume_.clock.now() < valid_until_;
}

base::Result<Snapshot> SessionKeeper::pin(const std::function<base::Result<CommitNumber>()>& read) {
  if (!lease_holds()) TRY_STATUS(refresh());
  CommitNumber least = 0;
  {
    const std::lock_guard lock(mutex_);
    least = known_head_;
  }
  auto pin = std::make_shared<Snapshot::Pin>(pins_, least);
  TRY(const CommitNumber number, read());
  pin->move_to(number);
  return Snapshot(std::move(pin));
}

base::Result<Snapshot> SessionKeeper::pin_again(CommitNumber number) {
  Snapshot snapshot(std::make_shared<Snapshot::Pin>(pins_, number));
  const std::string key = session_key(volume_.options.session);
  TRY(const auto state, volume_.state({key}));
  TRY(const auto stored, decoded_if<Session>(volume_.volume_object(), key, state.raw(key)));
  if (!stored || stored->opener != opener_ || number < stored->floor ||
      number > state.head.number) {
    return lapsed(volume_);
  }
  return snapshot;
}

base::Status SessionKeeper::check(const Snapshot& snapshot) {
  {
    const std::lock_guard lock(pins_->mutex);
    if (snapshot.pin().generation() != pins_->generation) return lapsed(volume_);
  }
  if (lease_holds()) return {};
  TRY_STATUS(refresh());
  const std::lock_guard lock(pins_->mutex);
  if (snapshot.pin().generation() != pins_->generation) return lapsed(volume_);
  return {};
}

}  // namespace storage_tree
