// Any text as a runtimes manifest: it is read and keeps its promises, or is refused in one line.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "invoker/runtimes.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check_runtime(const invoker::Runtimes& runtimes, const invoker::Runtime& runtime) {
  require(!runtime.kind.empty() && !runtime.image_name.name.empty());
  require(runtimes.resolve(runtime.kind) != nullptr);
  for (const invoker::StemCells& cells : runtime.stem_cells) {
    require(cells.memory_bytes > 0 && cells.initial_count > 0);
    if (!cells.reactive) continue;
    require(cells.reactive->count_min <= cells.reactive->count_max);
    require(cells.reactive->increment <= cells.reactive->count_max);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto json = base::Json::parse({reinterpret_cast<const char*>(data), size});
  if (!json.ok()) return 0;
  const auto runtimes = invoker::Runtimes::parse(*json);
  if (!runtimes.ok()) {
    require(!runtimes.error().message.empty());
    return 0;
  }
  for (const invoker::Runtime& runtime : runtimes->all()) check_runtime(*runtimes, runtime);
  static_cast<void>(runtimes->to_json().to_string());
  return 0;
}
