#include "lanes/lanes.h"

namespace gpu_host::GPU_HOST_ISA {

Handler select(const OpKey& key) {
  Handler (*const offers[])(const OpKey&) = {select_integer, select_bits,    select_float,
                                             select_careful, select_compare, select_move,
                                             select_convert, select_memory};
  for (const auto offer : offers) {
    if (const Handler handler = offer(key); handler != nullptr) return handler;
  }
  return nullptr;
}

}  // namespace gpu_host::GPU_HOST_ISA
