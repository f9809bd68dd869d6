// The annotation `gpu`: how many, how much memory, which device.
#include "base/sizes.h"
#include "base/text.h"
#include "hints/parse.h"
#include "object_reader.h"
#include "readers.h"

namespace hints {
namespace {

using base::Json;
using base::Result;

constexpr std::string_view kAnnotation = "annotation 'gpu'";
constexpr std::pair<std::string_view, GpuDevice> kDevices[] = {
    {"any", GpuDevice::kAny}, {"cuda", GpuDevice::kCuda}, {"host", GpuDevice::kHost}};

Result<std::optional<Gpu>> read_count(const Json& value) {
  const auto count = value.as_int64();
  if (!count || *count < 0 || *count > kGpusMax) {
    return refusal(kAnnotation, show(value) + " is no whole number of GPUs from 0 (none) to " +
                                    std::to_string(kGpusMax));
  }
  if (*count == 0) return std::optional<Gpu>();
  return std::optional(Gpu{.count = static_cast<int>(*count), .memory_bytes = {}, .device = {}});
}

// `-a gpu cuda` or `-a gpu "4 GB"`.
Result<std::optional<Gpu>> read_word(const std::string& word) {
  Gpu gpu;
  for (const auto& [name, device] : kDevices) {
    if (word != name) continue;
    gpu.device = device;
    return std::optional(gpu);
  }
  const auto bytes = base::parse_bytes(word);
  if (!bytes || *bytes <= 0) {
    return refusal(kAnnotation, base::quoted(word) +
                                    " is no memory size above 0 such as \"4 GB\", and not one of "
                                    "\"any\", \"cuda\", \"host\"");
  }
  gpu.memory_bytes = *bytes;
  return std::optional(gpu);
}

Result<std::optional<Gpu>> read_object(const Json& value) {
  Gpu gpu;
  ObjectReader reader{std::string(kAnnotation), value};
  reader.size("memory", gpu.memory_bytes);
  reader.whole("count", {1, kGpusMax}, gpu.count);
  reader.choice("device", Choices<GpuDevice>(kDevices), gpu.device);
  TRY_STATUS(reader.finish());
  return std::optional(gpu);
}

}  // namespace

Result<std::optional<Gpu>> read_gpu(const Json& value) {
  switch (value.type()) {
    case Json::Type::kBool:
      return value.as_bool() ? std::optional(Gpu{}) : std::nullopt;
    case Json::Type::kNumber:
      return read_count(value);
    case Json::Type::kString:
      return read_word(value.as_string());
    case Json::Type::kObject:
      return read_object(value);
    default:
      return refusal(kAnnotation,
                     "found " + show(value) +
                         "; allowed are a number of GPUs, true, false, a memory size such "
                         "as \"4 GB\", or an object");
  }
}

}  // namespace hints
