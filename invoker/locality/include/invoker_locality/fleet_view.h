// What an invoker knows of the others: their last cards, how old these are, who may be offered
// work.
//
// Ages are counted by the own clock from the moment a card was read, so nobody's clock matters.
// What was read of the past (before this invoker started) is known but not believed until that node
// is heard again. A node that is not heard in three times the time that it promised has lapsed.
//
// Threads: one at a time. Time: never goes back from one call to the next. Memory: nodes_max cards
// within the bounds of node_card.h. Errors: none: what makes no sense is counted and passed over.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "invoker_locality/node_card.h"

namespace invoker_locality {

struct ViewConfig {
  int own_instance = 0;
  std::size_t nodes_max = 4'096;
  int lapse_after = 3;                 // times next_within
  milliseconds forget_after{600'000};  // a node that was not heard for so long
  milliseconds contested_for{30'000};  // two lives under one id: until one is silent for so long
  int refusals_max = 4;                // in a row, each of what it had just told to be free
  milliseconds distrust{1'000};        // from then on; doubled with each that follows
  milliseconds distrust_max{60'000};
};

// Why a node is offered nothing; kGood: it may be.
enum class Standing : std::uint8_t {
  kGood,
  kNotHeard,     // only what it said before this invoker began
  kLapsed,       // silent for longer than it promised
  kContested,    // two processes speak as this node
  kDistrusted,   // it refuses again and again what it says it has room for
  kTakesNone,    // it stops, or wants no guests
  kUnreachable,  // it has no listener
};
inline constexpr Standing kLastStanding = Standing::kUnreachable;

// For people: "lapsed: not heard for longer than it promised".
std::string_view sentence_of(Standing standing);
// For metrics: "lapsed".
std::string_view name_of(Standing standing);

enum class Era : std::uint8_t { kPast, kNow };  // was it said before this invoker began to listen?

struct ViewStats {
  std::uint64_t cards = 0, pulses = 0;
  std::uint64_t stale = 0;     // older than what is known
  std::uint64_t own = 0;       // of this node
  std::uint64_t orphans = 0;   // pulses of a life of which there is no card
  std::uint64_t replaced = 0;  // another life under a known id
  std::uint64_t refused = 0;   // nodes beyond the bound
  std::uint64_t bytes = 0;     // of cards and pulses, as they came
};

struct Peer {
  NodeCard card;
  bool indexed = false;     // for the view alone
  bool heard_now = false;   // since this invoker began
  base::Instant heard{};    // the last of card and pulse
  base::Instant card_at{};  // the card
  std::size_t card_bytes = 0;
  std::int64_t handed_mb = 0;           // given to it since it was heard: it has so much less
  std::optional<std::uint64_t> former;  // the incarnation before this one
  base::Instant contested_until{};
  base::Instant distrusted_until{};
  int refusals = 0;  // in a row

  std::int64_t guest_memory_mb() const;
  double load() const;
};

class FleetView {
 public:
  explicit FleetView(ViewConfig config) : config_(config) {}

  // --- What is heard. `bytes`: the size that it came in ---
  void hear(NodeCard card, std::size_t bytes, Era era, base::Instant now);
  void hear(const NodePulse& pulse, std::size_t bytes, Era era, base::Instant now);
  // It said that it ends, or somebody removed its card.
  void gone(int instance);

  // --- What was tried with it ---
  void handed(int instance, std::int64_t memory_mb);
  void accepted(int instance);
  void refused(int instance, base::Instant now);

  // Forgets who was silent for long. To be called now and then.
  void tick(base::Instant now);

  // --- What is known ---
  const Peer* find(int instance) const;
  Standing standing(const Peer& peer, base::Instant now) const;
  bool usable(const Peer& peer, base::Instant now) const {
    return standing(peer, now) == Standing::kGood;
  }
  const std::vector<Peer>& peers() const { return peers_; }
  // Of the nodes that have not lapsed, this one left out; as of the last tick() or card.
  double mean_load() const;

  // Nodes that hold something of a volume, or a warm container of an action, at most `most`, from a
  // place on that `salt` picks: many callers do not all look at the same.
  struct Holder {
    int instance = 0;
    std::size_t volume = 0;  // index into card.volumes
  };
  std::vector<Holder> holders(const std::string& volume, std::size_t most,
                              std::uint64_t salt) const;
  std::vector<int> with_warm(std::uint64_t action, std::size_t most, std::uint64_t salt) const;
  // The nodes that `key` wants most, among those that may be offered work and are not over the
  // bound of rank.h; the best first. `own_load`: of this node, which is one of them.
  std::vector<int> of_key(std::string_view key, std::size_t most, double own_load,
                          base::Instant now) const;

  ViewStats stats() const { return stats_; }
  std::size_t bytes() const { return bytes_; }  // of all cards, as they came

 private:
  Peer* known(int instance);
  Peer* place_for(const NodeLife& life, base::Instant now);
  bool is_news(Peer& peer, const NodeLife& life, std::uint64_t version, base::Instant now);
  void heard(Peer& peer, Era era, base::Instant now);
  void index(const Peer& peer);
  void unindex(const Peer& peer);
  void drop(std::size_t at);

  const ViewConfig config_;
  std::vector<Peer> peers_;
  std::unordered_map<int, std::size_t> at_;  // instance → where in peers_
  std::unordered_map<std::string, std::vector<Holder>> holders_;
  std::unordered_map<std::uint64_t, std::vector<int>> warm_;
  double load_sum_ = 0;
  std::size_t load_count_ = 0;
  std::size_t bytes_ = 0;
  ViewStats stats_;
};

// Bytes of the volume below `path`, as far as the card tells: where `path` is not listed, what is
// in the nearest directory above it and in none that is. Threads: any; pure.
std::int64_t bytes_below(const VolumeBytes& volume, std::string_view path);

}  // namespace invoker_locality
