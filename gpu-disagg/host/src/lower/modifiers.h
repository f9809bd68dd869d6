// The dotted words after an opcode, taken in their order.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "ptx/type.h"
#include "run/program.h"

namespace gpu_host {

class Modifiers {
 public:
  explicit Modifiers(const std::vector<std::string_view>& words) : words_(words) {}

  bool take(std::string_view word) {
    if (at_ == words_.size() || words_[at_] != word) return false;
    ++at_;
    return true;
  }
  // Those of the words that come next, any number of them.
  void skip(std::initializer_list<std::string_view> words) {
    while (std::find(words.begin(), words.end(), now()) != words.end() && !done()) ++at_;
  }
  std::optional<Type> type() {
    const auto found = done() ? std::nullopt : type_of(now());
    if (found) ++at_;
    return found;
  }
  std::optional<Space> space() {
    const auto found = done() ? std::nullopt : space_of(now());
    if (found) ++at_;
    return found;
  }
  std::optional<Rounding> rounding() {
    if (take("rn") || take("rni")) return Rounding::kNearest;
    if (take("rz") || take("rzi")) return Rounding::kZero;
    if (take("rm") || take("rmi")) return Rounding::kDown;
    if (take("rp") || take("rpi")) return Rounding::kUp;
    return std::nullopt;
  }
  // Index into `words` of the one that comes next, or nothing.
  template <typename T>
  std::optional<T> one_of(std::initializer_list<std::pair<std::string_view, T>> words) {
    for (const auto& [word, value] : words) {
      if (take(word)) return value;
    }
    return std::nullopt;
  }
  bool done() const { return at_ == words_.size(); }
  std::string_view now() const { return done() ? std::string_view() : words_[at_]; }

 private:
  const std::vector<std::string_view>& words_;
  std::size_t at_ = 0;
};

}  // namespace gpu_host
