// Activations in the words of experiments.
#pragma once

#include "files.h"
#include "world.h"

namespace volumes_bench {

inline const std::string kVolume = "bench";

// One activation on a node, which does `work` in its volume and succeeds.
template <typename Work>
base::Status activation(Subject& subject, Node node, const Work& work,
                        const std::string& volume = kVolume) {
  TRY(const auto one, subject.begin(node, volume));
  TRY_STATUS(work(one->root()));
  return one->finish();
}

// Measures in seconds.
template <typename Work>
base::Result<double> timed(const Work& work) {
  const auto start = Clock::now();
  TRY_STATUS(work());
  return seconds_since(start);
}

base::Status write_in(Subject& subject, Node node, const std::string& name, std::uint64_t bytes,
                      std::uint64_t seed);
base::Status read_in(Subject& subject, Node node, const std::string& name, std::uint64_t bytes,
                     std::uint64_t seed);
base::Status remove_in(Subject& subject, Node node, const std::vector<std::string>& names);

}  // namespace volumes_bench
