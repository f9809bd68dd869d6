#include "stage.h"

namespace volumes_bench {

using base::Status;

Status write_in(Subject& subject, Node node, const std::string& name, std::uint64_t bytes,
                std::uint64_t seed) {
  return activation(subject, node,
                    [&](const Path& root) { return write_file(root / name, bytes, seed); });
}

Status read_in(Subject& subject, Node node, const std::string& name, std::uint64_t bytes,
               std::uint64_t seed) {
  return activation(subject, node,
                    [&](const Path& root) { return read_whole_file(root / name, bytes, seed); });
}

Status remove_in(Subject& subject, Node node, const std::vector<std::string>& names) {
  return activation(subject, node, [&](const Path& root) -> Status {
    for (const auto& name : names) TRY_STATUS(remove_file(root / name));
    return {};
  });
}

}  // namespace volumes_bench
