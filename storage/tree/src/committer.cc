#include "committer.h"

#include <algorithm>
#include <set>
#include <utility>

namespace storage_tree {
namespace {

using Kind = Outcome::Kind;

constexpr std::size_t kBatchMax = 64;
constexpr unsigned kRoundsMax = 2000;
constexpr unsigned kUnknownMax = 3;          // answers that the store may owe us before we give up
constexpr unsigned kLostBeforeTurn = 8;      // races
constexpr std::size_t kGuessedKeysMax = 64;  // guards of one operation
constexpr std::size_t kKnownKeysMax = 4096;
// A turn that is not used for so long belongs to somebody who died.
constexpr std::chrono::seconds kTurnHeldMax{2};

base::Error lost_race() { return {base::ErrorCode::kConflict, "somebody else was quicker"}; }
base::Error wait_for_turn() {
  return {base::ErrorCode::kAlreadyExists, "it is somebody else's turn"};
}

}  // namespace

Committer::Committer(Volume& volume, Log& log, Uploads& uploads)
    : volume_(volume),
      log_(log),
      uploads_(uploads),
      turn_{volume.options.session, volume.random()} {}

base::Result<Outcome> Committer::commit(Prepared prepared, const storage::ReadSet& read,
                                        hints::Isolation isolation) {
  const CommitNumber snapshot = prepared.commit.snapshot;
  const Commit footprint_of = prepared.commit;
  Request request{std::move(prepared), Footprint(footprint_of, read, isolation), snapshot, {}};
  std::unique_lock lock(mutex_);
  waiting_.push_back(&request);
  for (;;) {
    changed_.wait(lock, [&] { return request.answer.has_value() || !working_; });
    if (request.answer) return std::move(*request.answer);
    working_ = true;
    Batch batch;
    while (!waiting_.empty() && batch.size() < kBatchMax) {
      batch.push_back(waiting_.front());
      waiting_.pop_front();
    }
    lock.unlock();
    run(std::move(batch));
    lock.lock();
    working_ = false;
    changed_.notify_all();
  }
}

void Committer::run(Batch batch) {
  unsigned lost = 0, unknown = 0;
  base::Error error = lost_race();
  for (unsigned round = 0; round < kRoundsMax && !batch.empty(); ++round) {
    auto tried = try_once(batch, round == 0);
    if (tried.ok()) continue;
    error = tried.error();
    if (error.code == base::ErrorCode::kConflict) {
      if (++lost % kLostBeforeTurn == 0) take_turn();
    } else if (error.code != base::ErrorCode::kAlreadyExists &&
               (!is_unknown(error) || ++unknown == kUnknownMax)) {
      break;
    }
    volume_.pause(lost);
  }
  if (error.code == base::ErrorCode::kConflict || error.code == base::ErrorCode::kAlreadyExists) {
    error.code = base::ErrorCode::kUnavailable;
  }
  const std::lock_guard lock(mutex_);
  for (auto* request : batch) request->answer = base::Result<Outcome>(error);
}

void Committer::learn(const VolumeState& state) {
  const std::lock_guard lock(known_mutex_);
  // An answer may come late.
  if (known_ && known_->head.number > state.head.number) return;
  if (!known_ || known_->raw_head != state.raw_head) known_ = {state.head, state.raw_head, {}};
}

void Committer::remember(const Draft& draft, const std::string& raw_head) {
  const std::lock_guard lock(known_mutex_);
  const bool as_known = known_ && known_->raw_head == draft.state.raw_head;
  if (as_known) guesses_hold_ = true;
  if (known_ && known_->head.number > draft.head.number) return;
  if (!as_known || known_->merged.size() > kKnownKeysMax) known_ = Known();
  known_->head = draft.head;
  known_->raw_head = raw_head;
  for (auto* request : draft.accepted) {
    for (auto& key : merged_keys(request->commit())) {
      const auto found = draft.current.find(key);
      known_->merged[std::move(key)] = found == draft.current.end() ? "" : found->second;
    }
  }
}

void Committer::forget_known(bool guessed) {
  const std::lock_guard lock(known_mutex_);
  known_.reset();
  if (guessed) guesses_hold_ = false;
}

base::Result<VolumeState> Committer::state_for(const Batch& batch, const RangeMap& map) {
  std::vector<std::string> keys{kTurnKey};
  for (auto* request : batch) {
    const Commit& commit = request->commit();
    keys.push_back(activation_key(commit.activation));
    if (request->prepared.stores_objects) keys.push_back(upload_key(commit.writer));
    for (auto& key : merged_keys(commit)) {
      if (map.object_of(key) == kVolumeObject) keys.push_back(std::move(key));
    }
  }
  return log_.settled(keys);
}

// The state as it is where nobody else has committed since, no attempt of these activations has
// ended, and it is nobody's turn. It is for writing alone: nothing may be decided against anybody
// by it, so there must be no log to look at.
std::optional<VolumeState> Committer::guess_for(const Batch& batch, const RangeMap& map) {
  const std::lock_guard lock(known_mutex_);
  if (!known_ || !guesses_hold_ || known_->head.applied != known_->head.number ||
      known_->head.map_version != map.version) {
    return std::nullopt;
  }
  VolumeState state{known_->head, known_->raw_head, {}};
  std::size_t guards = 0;
  for (auto* request : batch) {
    const Commit& commit = request->commit();
    if (request->checked != state.head.number || !is_direct(map, commit)) return std::nullopt;
    if (request->prepared.stores_objects) {
      state.values[upload_key(commit.writer)] = uploads_.mark();
    }
    std::set<std::string> made;  // what directories that are new hold
    for (const auto& name : commit.names) {
      if (name.directory && name.old_inode == 0) made.insert(directory_key(name.inode));
    }
    for (auto& key : merged_keys(commit)) {
      const auto found = known_->merged.find(key);
      if (++guards > kGuessedKeysMax || (found == known_->merged.end() && !made.contains(key))) {
        return std::nullopt;
      }
      if (found != known_->merged.end() && !found->second.empty()) {
        state.values[std::move(key)] = found->second;
      }
    }
  }
  return state;
}

// Those that are decided leave the batch. kConflict: the head has moved; kAlreadyExists: it is
// somebody else's turn.
base::Status Committer::try_once(Batch& batch, bool may_guess) {
  const auto known = volume_.map();
  auto guess = may_guess ? guess_for(batch, *known) : std::nullopt;
  const bool guessed = guess.has_value();
  TRY(const auto state,
      guessed ? base::Result<VolumeState>(*std::move(guess)) : state_for(batch, *known));
  TRY(const auto map, volume_.map(state.head.map_version));
  for (auto* request : batch) TRY_STATUS(settle(*request, state));
  publish(batch);
  if (batch.empty() || map->version != known->version) return {};
  if (is_others_turn(state.raw(kTurnKey))) return wait_for_turn();
  TRY_STATUS(check_log(batch, state));
  publish(batch);
  if (batch.empty()) return {};

  Draft draft{state, guessed,      *map, state.head, is_direct(*map, batch.front()->commit()),
              0,     state.values, {},   {},         {}};
  for (auto* request : batch) {
    if (!fits(draft, *request)) break;
    if (!meets(draft, *request)) TRY_STATUS(add(draft, *request));
  }
  auto carried_out = carry_out(draft);
  if (guessed && is_conflict(carried_out)) return try_once(batch, false);
  TRY_STATUS(std::move(carried_out));
  publish(batch);
  return {};
}

// What the activation's record and the attempt's mark say.
base::Status Committer::settle(Request& request, const VolumeState& state) {
  const Commit& commit = request.commit();
  const std::string key = activation_key(commit.activation);
  TRY(const auto record,
      decoded_if<ActivationRecord>(volume_.volume_object(), key, state.raw(key)));
  const auto aborted = [](const char* reason) {
    return Outcome{Kind::kAborted, 0, "", {}, reason};
  };
  if (record && record->committed) {
    const bool own = record->writer == commit.writer;
    request.decided = Outcome{own ? Kind::kCommitted : Kind::kAlreadyApplied,
                              record->number,
                              own ? "" : commit.activation,
                              {},
                              ""};
  } else if (record && std::find(record->aborted.begin(), record->aborted.end(), commit.writer) !=
                           record->aborted.end()) {
    request.decided = aborted("the attempt was aborted");
  } else if (request.prepared.stores_objects &&
             state.raw(upload_key(commit.writer)) != uploads_.mark()) {
    request.decided = aborted("what the attempt stored was collected");
  } else if (request.checked < state.head.horizon) {
    request.decided = aborted("the attempt's snapshot has lapsed");
  }
  return {};
}

void Committer::publish(Batch& batch) {
  const std::lock_guard lock(mutex_);
  std::erase_if(batch, [](Request* request) {
    if (!request->decided) return false;
    request->answer = *request->decided;  // from here on it may be gone
    return true;
  });
  changed_.notify_all();
}

base::Status Committer::check_log(const Batch& batch, const VolumeState& state) {
  CommitNumber from = state.head.number;
  for (const auto* request : batch) from = std::min(from, request->checked);
  TRY(const auto commits, log_.between(from, state.head.number));
  for (std::size_t i = 0; i < commits.size(); ++i) {
    for (auto* request : batch) check_against(*request, commits[i], from + 1 + i);
  }
  return {};
}

void Committer::check_against(Request& request, const Commit& theirs, CommitNumber number) {
  if (request.decided || number <= request.checked) return;
  if (auto clash = request.footprint.against(theirs)) {
    request.decided =
        Outcome{Kind::kConflict, number, theirs.activation, std::move(clash->name),
                clash->reason + ": commit " + std::to_string(number) + " of " + theirs.activation};
    return;
  }
  request.checked = number;
  auto& mine = request.commit().names;
  for (const auto& name : theirs.names) {
    const auto found =
        std::lower_bound(mine.begin(), mine.end(), name.key,
                         [](const NameChange& a, const NameKey& key) { return a.key < key; });
    if (found == mine.end() || found->key != name.key) continue;
    // What is written over is theirs now.
    found->previous = number;
    found->old_inode = name.inode;
  }
}

bool Committer::is_direct(const RangeMap& map, const Commit& commit) const {
  if (commit.redo_objects > 0) return false;
  const auto here = [&](const std::string& key) { return map.object_of(key) == kVolumeObject; };
  const auto merged = merged_keys(commit);
  return std::all_of(merged.begin(), merged.end(), here) &&
         std::all_of(commit.names.begin(), commit.names.end(),
                     [&](const NameChange& name) { return here(versions_prefix(name.key)); });
}

bool Committer::fits(const Draft& draft, Request& request) const {
  return draft.accepted.empty() ||
         (is_direct(draft.map, request.commit()) == draft.direct &&
          draft.bytes + request.prepared.bytes <= volume_.options.operation_bytes_max);
}

// What has to do with an earlier one of the same operation waits for the next: that it was decided
// against something must not be said before that is.
bool Committer::meets(const Draft& draft, const Request& request) {
  const auto& mine = request.prepared.commit;
  return std::any_of(draft.accepted.begin(), draft.accepted.end(), [&](const Request* earlier) {
    const auto& theirs = earlier->prepared.commit;
    return mine.activation == theirs.activation || request.footprint.against(theirs) ||
           request.footprint.names_meet(theirs);
  });
}

base::Status Committer::add(Draft& draft, Request& request) {
  const CommitNumber number = draft.head.number + 1;
  if (draft.direct) {
    TRY_STATUS(add_commit(
        request.commit(), number, draft.head.horizon, [](const std::string&) { return true; },
        [&](std::size_t i) { return request.prepared.value(i); }, draft.current, draft.change));
  } else {
    draft.head.shared += static_cast<std::int64_t>(request.commit().shared.size());
  }
  draft.head.number = number;
  draft.bytes += request.prepared.bytes;
  draft.accepted.push_back(&request);
  add_records(draft, request);
  add_uploads(draft, request);
  return {};
}

void Committer::add_records(Draft& draft, Request& request) {
  const CommitNumber number = draft.head.number;
  Commit& commit = request.commit();
  if (!draft.direct) {
    commit.pending = true;
    if (commit.redo_objects == 0) commit.values = request.prepared.values();
  }
  draft.write.omap_set[commit_key(number)] = encode(commit);
  commit.pending = false;
  commit.values.clear();
  const std::string key = activation_key(commit.activation);
  auto record = decode<ActivationRecord>(draft.state.raw(key)).value_or(ActivationRecord());
  record.committed = true;
  record.number = number;
  record.writer = commit.writer;
  record.time = commit.time;
  draft.write.omap_equals.emplace_back(key, draft.state.raw(key));
  draft.write.omap_set[key] = encode(record);
  const auto seconds =
      std::chrono::floor<std::chrono::seconds>(commit.time).time_since_epoch().count();
  draft.write.omap_set[activation_time_key(seconds, commit.activation)] = encode(number);
}

// The mark and the intents go: what was stored belongs to the tree now. What was stored and is not
// used, because the file was written again or removed, is deleted.
void Committer::add_uploads(Draft& draft, Request& request) {
  const std::string& writer = request.commit().writer;
  if (!request.prepared.stores_objects) return;
  draft.write.omap_equals.emplace_back(upload_key(writer), uploads_.mark());
  draft.write.omap_remove.push_back(upload_key(writer));
  const auto stored = uploads_.of(writer).value_or(Uploads::Objects());
  for (const auto& [inode, objects] : stored) {
    draft.write.omap_remove.push_back(upload_intent_key(writer, inode));
    if (inode != 0 && !request.prepared.uses.contains(inode)) {
      draft.write.omap_set[deletion_key(inode, writer)] = encode(objects);
    }
  }
}

void Committer::guard_guess(Draft& draft) {
  for (auto* request : draft.accepted) {
    for (auto& key : merged_keys(request->commit())) {
      draft.write.omap_equals.emplace_back(key, draft.state.raw(key));
    }
  }
}

base::Status Committer::carry_out(Draft& draft) {
  if (draft.direct) {
    draft.head.keys += draft.change.keys;
    draft.head.shared += draft.change.shared;
    draft.head.applied = draft.head.number;
    draft.write.omap_set.merge(draft.change.sets);
  }
  draft.write.omap_equals.emplace_back(kHeadKey, draft.state.raw_head);
  const std::string raw_head = encode(draft.head);
  draft.write.omap_set[kHeadKey] = raw_head;
  if (draft.guessed) guard_guess(draft);
  const std::string turn = draft.state.raw(kTurnKey);
  draft.write.omap_equals.emplace_back(kTurnKey, turn);
  if (!turn.empty()) draft.write.omap_remove.emplace_back(kTurnKey);
  auto written = volume_.write(std::move(draft.write));
  if (!written.ok()) forget_known(draft.guessed && is_conflict(written));
  TRY_STATUS(std::move(written));

  // It is decided. What follows is done by others if it is not done here.
  if (draft.direct) {
    remember(draft, raw_head);
  } else {
    forget_known(false);
    if (const auto settled = log_.settled(); !settled.ok()) static_cast<void>(settled.error());
  }
  CommitNumber number = draft.state.head.number;
  for (auto* request : draft.accepted) {
    request->decided = Outcome{Kind::kCommitted, ++number, "", {}, ""};
    uploads_.forget(request->commit().writer);
  }
  return {};
}

bool Committer::is_others_turn(const std::string& raw) {
  const auto turn = decode<Turn>(raw);
  if (raw.empty() || !turn || *turn == turn_) return false;
  if (raw != met_turn_) {
    met_turn_ = raw;
    met_turn_at_ = volume_.clock.now();
  }
  return volume_.clock.now() - met_turn_at_ < kTurnHeldMax;
}

// Who has lost many races asks the others to wait for one commit of its own. Whether it gets the
// turn is seen in the next round.
void Committer::take_turn() {
  storage::ObjectWrite write;
  write.omap_equals.emplace_back(kTurnKey, "");
  write.omap_set[kTurnKey] = encode(turn_);
  const auto taken = volume_.write(std::move(write));
  if (!taken.ok()) static_cast<void>(taken.error());
}

}  // namespace storage_tree
