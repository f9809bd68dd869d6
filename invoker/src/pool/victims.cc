#include "victims.h"

#include <algorithm>
#include <iterator>

namespace invoker {

namespace {

class Choice {
 public:
  explicit Choice(std::int64_t missing_bytes) : missing_bytes_(missing_bytes) {}

  bool wants_more() const { return missing_bytes_ > 0; }
  void add(PooledContainer* container) {
    chosen_.push_back(container);
    missing_bytes_ -= container->memory_bytes;
  }
  std::vector<PooledContainer*> take() {
    spare_superfluous(-missing_bytes_);
    return std::move(chosen_);
  }

 private:
  // A small container may have been chosen before a large one that alone would have done.
  void spare_superfluous(std::int64_t surplus_bytes) {
    for (std::size_t i = chosen_.size(); i-- > 0 && surplus_bytes > 0;) {
      if (chosen_[i]->memory_bytes > surplus_bytes) continue;
      surplus_bytes -= chosen_[i]->memory_bytes;
      chosen_.erase(chosen_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

  std::int64_t missing_bytes_;
  std::vector<PooledContainer*> chosen_;
};

void add_oldest(const ContainersInOrder& order, Choice& choice) {
  for (auto at = order.begin(); at != order.end() && choice.wants_more(); ++at) {
    choice.add(at->second);
  }
}

void add_stale(const ContainerBook& book, Choice& choice) {
  const ContainersInOrder& order = book.idle_warm();
  for (auto at = order.begin(); at != order.end() && choice.wants_more(); ++at) {
    if (!book.is_stale(*at->second)) break;
    choice.add(at->second);
  }
}

// The farthest in the past is at the one end, the farthest in the future at the other.
void add_farthest(const ContainersByNextCall& order, base::Instant now, Choice& choice) {
  auto first = order.begin();
  auto end = order.end();
  while (first != end && choice.wants_more()) {
    const auto last = std::prev(end);
    if (now - first->first.first >= last->first.first - now) {
      choice.add(first->second);
      ++first;
    } else {
      choice.add(last->second);
      end = last;
    }
  }
}

}  // namespace

std::vector<PooledContainer*> choose_victims(const ContainerBook& book, Victims from,
                                             std::int64_t missing_bytes, base::Instant now) {
  Choice choice(missing_bytes);
  if (from == Victims::kOnlyStale) {
    add_stale(book, choice);
  } else {
    add_oldest(book.idle_called_once(), choice);
    add_farthest(book.idle_by_next_call(), now, choice);
  }
  add_oldest(book.idle_stem_cells(), choice);
  return choice.take();
}

}  // namespace invoker
