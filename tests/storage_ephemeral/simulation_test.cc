// Nodes that name, seal, poison and remove files, die and come back, with a store that answers
// late, loses answers, and tells the news in any order: at the end all agree, and what was final
// was never anything else afterwards.
#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <memory>
#include <random>

#include "ledger.h"

namespace storage_ephemeral {
namespace {

using storage::InodeNumber;

// What the store does with a batch, and what it holds.
struct Store {
  std::map<std::string, std::string> values;
  storage::ObjectVersion version = 0;

  bool write(const Ledger::Batch& batch) {
    for (const auto& [key, value] : batch.guards) {
      const auto found = values.find(key);
      if ((found == values.end() ? "" : found->second) != value) return false;
    }
    for (const auto& [key, value] : batch.values) {
      if (value) {
        values[key] = *value;
      } else {
        values.erase(key);
      }
    }
    ++version;
    return true;
  }
  Values of(const Ledger::Batch& batch) const {
    Values current;
    for (const auto& [key, guard] : batch.guards) {
      const auto found = values.find(key);
      current[key] = found == values.end() ? Value() : Value(found->second);
    }
    return current;
  }
};

struct News {
  Values values;
  storage::ObjectVersion version;
};

struct SimulatedNode {
  NodeName name;
  std::unique_ptr<Ledger> ledger;
  std::vector<std::pair<std::string, Change>> journal;
  std::deque<News> news;  // not heard yet
};

class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed) {
    for (const char* name : {"a", "b", "c"}) {
      nodes_.push_back({name, std::make_unique<Ledger>(name), {}, {}});
    }
  }

  void step() {
    SimulatedNode& node = nodes_[random_() % nodes_.size()];
    switch (random_() % 12) {
      case 0:
      case 1:
        create(node);
        break;
      case 2:
        finish(node, FileState::kSealed);
        break;
      case 3:
        finish(node, FileState::kPoisoned);
        break;
      case 4:
        static_cast<void>(node.ledger->remove(some_name()));
        break;
      case 5:
        static_cast<void>(node.ledger->rename(some_name(), some_name()));
        break;
      case 6:
        node.ledger->set_holder(some_inode(), 1, node.name, random_() % 2 == 0);
        break;
      case 7:
        if (random_() % 10 == 0) die(node);
        break;
      case 8:
        hear_one(node);
        break;
      default:
        publish(node);
    }
    note(node);
  }

  // Nothing new happens; everything that is under way arrives.
  void settle() {
    for (int round = 0; round < 50; ++round) {
      for (SimulatedNode& node : nodes_) {
        node.ledger->hear_all(store_.values, store_.version);
        node.news.clear();
        while (node.ledger->dirty()) publish(node);
      }
    }
    for (SimulatedNode& node : nodes_) node.ledger->hear_all(store_.values, store_.version);
  }

  void expect_agreement(std::uint64_t seed) {
    for (SimulatedNode& node : nodes_) {
      EXPECT_FALSE(node.ledger->dirty()) << "seed " << seed;
      for (InodeNumber inode = 1; inode <= last_inode_; ++inode) {
        const std::string key = encode(RecordKey{RecordKey::Kind::kInode, inode, 0, ""});
        const auto stored = store_.values.find(key);
        const InodeRecord* known = node.ledger->record(inode);
        ASSERT_EQ(known != nullptr, stored != store_.values.end()) << inode << " seed " << seed;
        if (known != nullptr) {
          EXPECT_EQ(encode(*known), stored->second) << "seed " << seed;
        }
      }
      for (int i = 0; i < kNames; ++i) {
        const auto here = node.ledger->find(name(i));
        const auto there = nodes_[0].ledger->find(name(i));
        ASSERT_EQ(here.has_value(), there.has_value()) << i << " seed " << seed;
        if (here) {
          EXPECT_EQ(here->inode, there->inode) << "seed " << seed;
        }
      }
    }
  }

 private:
  static constexpr int kNames = 6;

  static storage::NameKey name(int number) {
    return {storage::kRootInode, "n" + std::to_string(number)};
  }
  storage::NameKey some_name() { return name(static_cast<int>(random_() % kNames)); }
  InodeNumber some_inode() { return 1 + random_() % (last_inode_ + 1); }

  void create(SimulatedNode& node) {
    InodeRecord record;
    record.writer = node.name;
    if (node.ledger->create(some_name(), last_inode_ + 1, record).ok()) ++last_inode_;
  }

  // A writer seals or poisons what is its own; others only poison.
  void finish(SimulatedNode& node, FileState state) {
    const InodeNumber inode = some_inode();
    const InodeRecord* known = node.ledger->record(inode);
    if (known == nullptr || known->state != FileState::kWriting) return;
    if (state == FileState::kSealed && known->writer != node.name) return;
    InodeRecord record = *known;
    record.state = state;
    record.size = state == FileState::kSealed ? inode * 100 : 0;
    node.ledger->update(inode, record);
  }

  void publish(SimulatedNode& node) {
    if (!node.ledger->dirty()) return;
    const Ledger::Batch batch = node.ledger->take_batch(1 + random_() % 20);
    const unsigned fate = static_cast<unsigned>(random_() % 10);
    if (fate == 0) return node.ledger->failed();  // it never came there
    if (!store_.write(batch)) return node.ledger->conflicted(store_.of(batch));
    watch_ends(batch);
    if (fate == 1) {  // it came there, and the answer was lost
      for (const auto& [key, value] : batch.values) unsure_.insert(decode_record_key(key)->inode);
      return node.ledger->failed();
    }
    node.ledger->published(store_.version);
    for (const std::string& key : node.ledger->take_landed()) {
      std::erase_if(node.journal, [&key](const auto& entry) { return entry.first == key; });
    }
    for (SimulatedNode& other : nodes_) {
      if (&other != &node && random_() % 8 != 0) {
        other.news.push_back({batch.values, store_.version});
      }
    }
  }

  // Once the store has said how a file ended, it never says anything else.
  void watch_ends(const Ledger::Batch& batch) {
    for (const auto& [bytes, value] : batch.values) {
      const auto key = decode_record_key(bytes);
      if (key->kind != RecordKey::Kind::kInode) continue;
      if (!value) {
        // Gone for ever, but for what a node still has to say after an answer was lost: it cannot
        // know that the file was there and was removed by another.
        if (!unsure_.contains(key->inode)) removed_.insert(key->inode);
        ends_.erase(key->inode);
        continue;
      }
      EXPECT_FALSE(removed_.contains(key->inode));
      const auto record = decode_inode_record(*value);
      ASSERT_TRUE(record.ok());
      const auto before = ends_.find(key->inode);
      if (before != ends_.end()) {
        EXPECT_EQ(record->state, before->second);
      }
      if (record->state != FileState::kWriting) ends_[key->inode] = record->state;
    }
  }

  void hear_one(SimulatedNode& node) {
    if (node.news.empty()) return;
    const std::size_t which = random_() % node.news.size();
    node.ledger->hear(node.news[which].values, node.news[which].version);
    node.news.erase(node.news.begin() + static_cast<std::ptrdiff_t>(which));
  }

  void note(SimulatedNode& node) {
    for (auto& entry : node.ledger->take_changes()) node.journal.push_back(std::move(entry));
  }

  void die(SimulatedNode& node) {
    note(node);
    node.ledger = std::make_unique<Ledger>(node.name);
    node.news.clear();
    node.ledger->hear_all(store_.values, store_.version);
    for (const auto& [key, change] : node.journal) node.ledger->replay(key, change);
  }

  std::mt19937_64 random_;
  Store store_;
  std::vector<SimulatedNode> nodes_;
  InodeNumber last_inode_ = 0;
  std::map<InodeNumber, FileState> ends_;
  std::set<InodeNumber> removed_, unsure_;
};

TEST(LedgerSimulation, AllNodesAgreeInTheEndAndEndsAreFinal) {
  const char* text = std::getenv("SEED");  // NOLINT(concurrency-mt-unsafe): nobody sets any
  const std::uint64_t first = text == nullptr ? std::random_device()() : std::stoull(text);
  std::printf("SEED=%llu\n", static_cast<unsigned long long>(first));
  for (std::uint64_t seed = first; seed < first + 300; ++seed) {
    World world(seed);
    for (int i = 0; i < 400; ++i) world.step();
    world.settle();
    world.expect_agreement(seed);
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace storage_ephemeral
