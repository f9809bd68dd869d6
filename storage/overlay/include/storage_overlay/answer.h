// What an operation on an attempt's view answers: a value, an errno, or what must be learnt first.
#pragma once

#include <set>
#include <utility>
#include <variant>

#include "base/check.h"
#include "storage/tree.h"

namespace storage_overlay {

// What the view has to be told before an operation can be decided. Nothing was changed: tell it
// (Overlay::learn...) and call again with the same arguments.
struct Need {
  std::set<storage::NameKey> names;
  std::set<storage::InodeNumber> directories;  // listed whole
  bool inodes = false;                         // more inode numbers
  // Ephemeral files that become durable: their bytes in a staging file (Overlay::promote).
  std::set<storage::InodeNumber> promote;

  bool empty() const { return names.empty() && directories.empty() && !inodes && promote.empty(); }
  bool operator==(const Need&) const = default;
};

// Why there is no value: `error` is an errno, or 0 and `need` says what is missing.
struct Stop {
  int error = 0;
  Need need;
};

inline Stop fail(int error) { return Stop{error, {}}; }

template <typename T>
class [[nodiscard]] Answer {
 public:
  Answer(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Answer(Stop stop) : state_(std::in_place_index<1>, std::move(stop)) {}

  bool ok() const { return state_.index() == 0; }
  T& value() & {
    CHECK(ok());
    return std::get<0>(state_);
  }
  const T& value() const& {
    CHECK(ok());
    return std::get<0>(state_);
  }
  T&& value() && {
    CHECK(ok());
    return std::get<0>(std::move(state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Stop& error() const& {
    CHECK(!ok());
    return std::get<1>(state_);
  }
  Stop&& error() && {
    CHECK(!ok());
    return std::get<1>(std::move(state_));
  }

 private:
  std::variant<T, Stop> state_;
};

struct Done {};

}  // namespace storage_overlay
