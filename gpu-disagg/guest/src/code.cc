#include "code.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

#include "gpu_image/image.h"
#include "gpu_wire/digest.h"
#include "gpu_wire/frame.h"

namespace gpu_guest {
namespace {

constexpr std::uint64_t kImageBytesMax = 1ULL << 30;

void write_log(char* to, std::size_t bytes, std::string_view text) {
  if (to == nullptr || bytes == 0) return;
  const std::size_t count = std::min(bytes - 1, text.size());
  std::memcpy(to, text.data(), count);
  to[count] = '\0';
}

void upload(Guest& guest, const gpu_wire::Digest& digest, std::span<const std::byte> image) {
  for (std::size_t at = 0; at < image.size(); at += gpu_wire::kTailBytesMax) {
    guest.link().post_tail(
        gpu_wire::ImagePart{.digest = digest, .bytes_total = image.size(), .offset = at},
        image.subspan(at, std::min<std::size_t>(gpu_wire::kTailBytesMax, image.size() - at)));
  }
}

void remember_kernel(Guest& guest, Module& module, std::uint64_t id, const gpu_wire::Kernel& told) {
  const std::uint64_t handle = guest.kernels.create([&](Kernel& kernel, std::uint64_t) {
    kernel.module = id;
    kernel.index = static_cast<std::uint32_t>(module.kernels.size());
    kernel.name = told.name;
    kernel.parameters.clear();
    kernel.parameter_bytes = 0;
    for (const auto& [offset, bytes] : told.parameters) {
      kernel.parameters.push_back({offset, bytes});
      kernel.parameter_bytes = std::max(kernel.parameter_bytes, offset + bytes);
    }
    for (const auto& [attribute, value] : told.attributes) {
      if (attribute < Kernel::kAttributes) kernel.attributes[attribute] = value;
    }
  });
  module.kernels.push_back(handle);
  module.by_name.emplace(told.name, handle);
}

void remember(Guest& guest, Module& module, std::uint64_t id, const gpu_wire::LoadReply& told) {
  for (const auto& kernel : told.kernels) remember_kernel(guest, module, id, kernel);
  for (const auto& [name, address, bytes] : told.variables) {
    module.variables.emplace(name, Variable{address, bytes});
    guest.memory.add(address, {.bytes = bytes,
                               .context = module.context,
                               .number = ++guest.last_number,
                               .kind = Range::Kind::kVariable});
  }
}

CUresult load_bytes(Guest& guest, std::span<const std::byte> image, Context* context, Logs logs,
                    std::uint64_t* handle) {
  const std::uint64_t id = guest.modules.create([&](Module& module, std::uint64_t) {
    module.context = context;
    module.kernels.clear();
    module.by_name.clear();
    module.variables.clear();
  });
  if (id == 0) return kOutOfMemory;
  const gpu_wire::Load ask{
      .module = id, .digest = gpu_wire::digest_of(image), .bytes_total = image.size()};
  auto answer = guest.link().call(ask);
  if (answer.result == 0 && answer.reply.image_wanted != 0) {
    upload(guest, ask.digest, image);
    answer = guest.link().call(ask);
  }
  auto result = static_cast<CUresult>(answer.result);
  if (result == kSuccess) result = static_cast<CUresult>(answer.reply.refused);
  // Asked for a second time: the session could not keep it.
  if (result == kSuccess && answer.reply.image_wanted != 0) result = kOutOfMemory;
  write_log(result == kSuccess ? logs.info : logs.error,
            result == kSuccess ? logs.info_bytes : logs.error_bytes, answer.reply.log);
  if (result != kSuccess) {
    guest.modules.destroy(id);
    return result;
  }
  remember(guest, *guest.modules.find(std::bit_cast<void*>(id)), id, answer.reply);
  *handle = id;
  return kSuccess;
}

Module* module_of(Guest& guest, std::uint64_t handle) {
  return guest.modules.find(std::bit_cast<void*>(handle));
}

}  // namespace

CUresult load(Guest& guest, const void* image, Context* context, Logs logs, std::uint64_t* module) {
  const auto bytes = gpu_image::flatten(image, kImageBytesMax);
  if (!bytes.ok()) {
    write_log(logs.error, logs.error_bytes, bytes.error().message);
    return kInvalidImage;
  }
  return load_bytes(guest, *bytes, context, logs, module);
}

CUresult load_file(Guest& guest, const char* path, Context* context, std::uint64_t* module) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return kFileNotFound;
  std::string text{std::istreambuf_iterator<char>(file), {}};
  // As a pointer to it would be read: text ends with a NUL.
  return load_bytes(guest, std::as_bytes(std::span(text.c_str(), text.size() + 1)), context, {},
                    module);
}

CUresult unload(Guest& guest, std::uint64_t handle) {
  Module* const module = module_of(guest, handle);
  if (module == nullptr) return kInvalidHandle;
  for (const std::uint64_t kernel : module->kernels) guest.kernels.destroy(kernel);
  for (const auto& [name, variable] : module->variables)
    guest.memory.take(variable.address, Range::Kind::kVariable);
  guest.modules.destroy(handle);
  return guest.post(gpu_wire::Unload{.module = handle});
}

CUresult find_kernel(Guest& guest, std::uint64_t handle, const char* name, std::uint64_t* kernel) {
  if (kernel == nullptr || name == nullptr) return kInvalidValue;
  const Module* const module = module_of(guest, handle);
  if (module == nullptr) return kInvalidHandle;
  const auto found = module->by_name.find(std::string_view(name));
  if (found == module->by_name.end()) return kNotFound;
  *kernel = found->second;
  return kSuccess;
}

CUresult find_variable(Guest& guest, std::uint64_t handle, const char* name, CUdeviceptr* address,
                       std::size_t* bytes) {
  if (name == nullptr || (address == nullptr && bytes == nullptr)) return kInvalidValue;
  Module* const module = module_of(guest, handle);
  if (module == nullptr) return kInvalidHandle;
  auto found = module->variables.find(std::string_view(name));
  if (found == module->variables.end()) {
    // A device that cannot list its variables can still look one up.
    gpu_wire::VariableOfReply reply;
    const CUresult result =
        guest.call(gpu_wire::VariableOf{.module = handle, .name = name}, &reply);
    if (result != kSuccess) return result;
    found = module->variables.emplace(name, Variable{reply.address, reply.bytes}).first;
    guest.memory.add(reply.address, {.bytes = reply.bytes,
                                     .context = module->context,
                                     .number = ++guest.last_number,
                                     .kind = Range::Kind::kVariable});
  }
  if (address != nullptr) *address = found->second.address;
  if (bytes != nullptr) *bytes = found->second.bytes;
  return kSuccess;
}

}  // namespace gpu_guest
