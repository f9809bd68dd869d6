#include "storage_overlay/overlay.h"

#include <cerrno>

#include "state.h"

namespace storage_overlay {

Overlay::Overlay(OverlayOptions options, LiveNames* live) : state_(std::make_unique<State>()) {
  state_->options = std::move(options);
  state_->live = live;
}
Overlay::~Overlay() = default;
Overlay::Overlay(Overlay&&) noexcept = default;
Overlay& Overlay::operator=(Overlay&&) noexcept = default;

void Overlay::learn(const NameKey& key, const std::optional<Entry>& entry) {
  if (key != storage::kRootKey)
    state_->saw(key.directory, key.name, entry ? entry->inode : 0, entry ? entry->committed : 0);
  if (entry) state_->absorb(key, *entry);
}

void Overlay::learn_directory(InodeNumber directory, std::shared_ptr<const Listing> listing) {
  Directory& names = state_->names_of(state_->nodes[directory]);
  names.listing = std::move(listing);
  state_->listings.insert(directory);
  if (!names.numbered) names.numbered = names.listing;
  if (names.numbered != names.listing) state_->place(names);
}

void Overlay::give_inodes(InodeNumber first, std::uint64_t count) {
  state_->next_inode = first;
  state_->end_inode = first + count;
  state_->journal.add(GaveInodes{first, first + count});
}

void Overlay::promote(InodeNumber inode) { state_->promotable.insert(inode); }

Answer<Done> Overlay::stage(InodeNumber inode) {
  State& state = *state_;
  TRY(const Found file, state.file(inode));
  if (file.node == nullptr || file.node->attributes.type != FileType::kRegular) return fail(EINVAL);
  Node& node = *file.node;
  if (node.staged) return Done{};
  TRY_STATUS(state.room());
  ++state.files;
  // What is published on the way may be its attributes alone.
  if (state.options.publish != Publish::kAtEnd && !node.changed)
    state.journal.add(SetContent{inode, node.content});
  state.activate(inode);
  node.staged = true;
  state.note(inode, node);
  return Done{};
}

void Overlay::hold(InodeNumber inode, std::uint64_t times) {
  if (const auto at = state_->nodes.find(inode); at != state_->nodes.end())
    at->second.held += times;
}

void Overlay::forget(InodeNumber inode, std::uint64_t times) {
  const auto at = state_->nodes.find(inode);
  if (at == state_->nodes.end()) return;
  Node& node = at->second;
  node.held -= std::min(node.held, times);
  if (node.held > 0 || node.replayed || node.stub) return;
  if (node.links == 0) {
    state_->erase_if_done(inode);
    return;
  }
  // What is as in the snapshot can be learnt again.
  const bool plain = !node.is_new && !node.changed && !node.staged && !node.is_directory() &&
                     node.names.size() == 1 && node.names.front() == node.base_key;
  if (plain) state_->nodes.erase(at);
}

std::vector<InodeNumber> Overlay::take_ended() { return std::exchange(state_->ended, {}); }

void Overlay::answered(std::uint64_t request, int error, InodeNumber inode) {
  state_->remember_answer(request, {error, inode, false});
  state_->journal.add(Answered{request, error, inode});
}

std::optional<Overlay::Earlier> Overlay::earlier(std::uint64_t request) const {
  const auto at = state_->answers.find(request);
  if (at == state_->answers.end()) return std::nullopt;
  return at->second;
}

void Overlay::State::remember_answer(std::uint64_t request, Earlier earlier) {
  if (answers.insert_or_assign(request, earlier).second) answer_order.push_back(request);
  if (answer_order.size() <= kAnswersMax) return;
  answers.erase(answer_order.front());
  answer_order.pop_front();
}

}  // namespace storage_overlay
