// Code images, kernels, launches.
#include <algorithm>
#include <utility>

#include "executor.h"
#include "gpu_wire/digest.h"

namespace gpu_session {

using gpu_device::KernelInfo;
using gpu_device::ModuleInfo;

namespace {

// Images that a client sends at once; ours sends one after the other.
constexpr std::size_t kArrivingMax = 64;
constexpr std::size_t kLogBytesMax = 64 << 10;

std::vector<gpu_wire::Kernel> told(const std::vector<KernelInfo>& kernels) {
  std::vector<gpu_wire::Kernel> all(kernels.size());
  for (std::size_t i = 0; i < kernels.size(); ++i) {
    all[i].name = kernels[i].name;
    for (std::uint32_t id = 0; id < kernels[i].attributes.size(); ++id)
      all[i].attributes.push_back({.id = id, .value = kernels[i].attributes[id]});
    for (const auto& layout : kernels[i].parameters)
      all[i].parameters.push_back({.offset = layout.offset, .bytes = layout.bytes});
  }
  return all;
}

gpu_device::Dim3 dim(const std::array<std::uint32_t, 3>& from) {
  return {.x = from[0], .y = from[1], .z = from[2]};
}

}  // namespace

CuResult Executor::on(const gpu_wire::ImagePart& message) {
  const std::size_t bytes = message.bytes.size() + request_.tail_left;
  const auto found = arriving_.find(message.digest);
  const std::size_t have = found == arriving_.end() ? 0 : found->second.size();
  if (bytes == 0 || (have == 0 && arriving_.size() >= kArrivingMax)) return CuResult::kInvalidValue;
  if (message.offset != have || message.bytes_total > quotas_.image_bytes ||
      arriving_bytes_ + bytes > quotas_.image_bytes || bytes > message.bytes_total - have)
    return CuResult::kInvalidValue;
  std::vector<std::byte>& image = arriving_[message.digest];
  image.insert(image.end(), message.bytes.begin(), message.bytes.end());
  image.resize(have + bytes);
  arriving_bytes_ += bytes;
  keep(connection_.read_tail(std::span(image).subspan(have + message.bytes.size())));
  if (image.size() < message.bytes_total) return CuResult::kSuccess;
  auto whole = std::make_shared<const std::vector<std::byte>>(std::move(image));
  arriving_.erase(message.digest);
  arriving_bytes_ -= whole->size();
  // An image goes by its digest to whoever asks for it, so nobody is believed.
  if (gpu_wire::digest_of(*whole) != message.digest) return CuResult::kInvalidImage;
  images_.add(message.digest, std::move(whole));
  return CuResult::kSuccess;
}

CuResult Executor::on(const gpu_wire::Load& ask, gpu_wire::LoadReply& reply) {
  if (const CuResult may = modules_.may_add(ask.module); may != CuResult::kSuccess) return may;
  const std::uint64_t id = ask.module;
  const Image image = images_.find(ask.digest);
  if (image == nullptr) {
    reply.image_wanted = 1;
    return CuResult::kSuccess;
  }
  if (const CuResult settled = settle(); settled != CuResult::kSuccess) return settled;
  log_.clear();
  auto module = device_.load(*image, &log_);
  reply.log = std::string_view(log_).substr(0, kLogBytesMax);
  if (!module.ok()) {
    reply.refused = static_cast<std::uint32_t>(module.result());
    return CuResult::kSuccess;
  }
  modules_.add(id, std::move(*module));
  note_memory();
  const ModuleInfo& info = *modules_.find(id);
  reply.kernels = told(info.kernels);
  for (const auto& global : info.globals)
    reply.variables.push_back(
        {.name = global.name, .address = global.address, .bytes = global.bytes});
  if (gpu_wire::ReplyHead::kBytesLeast + reply.encoded_bytes() <= gpu_wire::kMessageBytesMax)
    return CuResult::kSuccess;
  device_.unload(modules_.take(id)->id);
  return CuResult::kOutOfMemory;
}

CuResult Executor::on(const gpu_wire::Unload& message) {
  const auto module = modules_.take(message.module);
  if (!module) return CuResult::kInvalidHandle;
  if (const CuResult settled = settle(); settled != CuResult::kSuccess) return settled;
  return device_.unload(module->id);
}

const KernelInfo* Executor::kernel(std::uint64_t module, std::uint32_t index) {
  const ModuleInfo* found = modules_.find(module);
  return found != nullptr && index < found->kernels.size() ? &found->kernels[index] : nullptr;
}

CuResult Executor::on(const gpu_wire::SetKernelAttribute& message) {
  const KernelInfo* info = kernel(message.module, message.kernel);
  if (info == nullptr) return CuResult::kInvalidHandle;
  return device_.set_kernel_attribute(info->id, message.attribute, message.value);
}

CuResult Executor::on(const gpu_wire::Occupancy& ask, gpu_wire::OccupancyReply& reply) {
  const KernelInfo* info = kernel(ask.module, ask.kernel);
  if (info == nullptr) return CuResult::kInvalidHandle;
  const auto blocks =
      device_.blocks_per_multiprocessor(info->id, ask.block_threads, ask.shared_bytes);
  reply.blocks = *blocks;
  return blocks.result();
}

CuResult Executor::on(const gpu_wire::BestBlock& ask, gpu_wire::BestBlockReply& reply) {
  const KernelInfo* info = kernel(ask.module, ask.kernel);
  if (info == nullptr) return CuResult::kInvalidHandle;
  const auto best = device_.best_block_size(info->id, ask.shared_bytes, ask.threads_most);
  reply = {.threads = best->threads, .grid_least = best->grid_least};
  return best.result();
}

CuResult Executor::on(const gpu_wire::VariableOf& ask, gpu_wire::VariableOfReply& reply) {
  const ModuleInfo* module = modules_.find(ask.module);
  if (module == nullptr) return CuResult::kInvalidHandle;
  const auto variable = device_.global(module->id, std::string(ask.name));
  reply = {.address = variable->address, .bytes = variable->bytes};
  return variable.result();
}

CuResult Executor::on(const gpu_wire::Launch& message) {
  const KernelInfo* info = kernel(message.module, message.kernel);
  const gpu_device::StreamId* on_stream = stream(message.stream);
  if (info == nullptr || on_stream == nullptr) return CuResult::kInvalidHandle;
  if (request_.tail_left > 0 || message.parameters.size() != info->parameter_bytes)
    return CuResult::kInvalidValue;
  ++counts_.launches;
  return device_.launch({.kernel = info->id,
                         .grid = dim(message.grid),
                         .block = dim(message.block),
                         .shared_bytes = message.shared_bytes,
                         .parameters = message.parameters,
                         .stream = *on_stream,
                         .cooperative = message.cooperative != 0});
}

}  // namespace gpu_session
