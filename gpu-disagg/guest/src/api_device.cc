// Initialisation, and what is asked about the device: answered from the snapshot that the session
// sent.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>

#include "guest.h"

namespace gpu_guest {
namespace {

constexpr int kDriverVersion = 13'000;
constexpr std::size_t kMajor = 75, kMinor = 76;
constexpr std::size_t kPciBus = 33, kPciDevice = 34, kPciDomain = 50;

CUresult total_memory(std::size_t* bytes, CUdevice device) {
  ENTER();
  if (bytes == nullptr) return kInvalidValue;
  if (device != 0) return kInvalidDevice;
  *bytes = guest.device.memory_bytes;
  return kSuccess;
}

CUresult uuid(CUuuid* id, CUdevice device) {
  ENTER();
  if (id == nullptr) return kInvalidValue;
  if (device != 0) return kInvalidDevice;
  std::memcpy(id->bytes, guest.device.uuid.data(), sizeof id->bytes);
  return kSuccess;
}

}  // namespace

EXPORT CUresult cuInit(unsigned flags) { return initialize(flags); }

EXPORT CUresult cuDriverGetVersion(int* version) {
  if (version == nullptr) return kInvalidValue;
  const auto entry = enter();
  *version = entry.guest != nullptr && entry.guest->device.driver_version != 0
                 ? entry.guest->device.driver_version
                 : kDriverVersion;
  return kSuccess;
}

EXPORT CUresult cuDeviceGetCount(int* count) {
  ENTER();
  if (count == nullptr) return kInvalidValue;
  *count = 1;
  return kSuccess;
}

EXPORT CUresult cuDeviceGet(CUdevice* device, int ordinal) {
  ENTER();
  if (device == nullptr) return kInvalidValue;
  if (ordinal != 0) return kInvalidDevice;
  *device = 0;
  return kSuccess;
}

EXPORT CUresult cuDeviceGetName(char* name, int length, CUdevice device) {
  ENTER();
  if (name == nullptr || length <= 0) return kInvalidValue;
  if (device != 0) return kInvalidDevice;
  std::snprintf(name, static_cast<std::size_t>(length), "%s", guest.device.name.c_str());
  return kSuccess;
}

EXPORT CUresult cuDeviceGetUuid(CUuuid* id, CUdevice device) { return uuid(id, device); }
EXPORT CUresult cuDeviceGetUuid_v2(CUuuid* id, CUdevice device) { return uuid(id, device); }

EXPORT CUresult cuDeviceTotalMem_v2(std::size_t* bytes, CUdevice device) {
  return total_memory(bytes, device);
}

EXPORT CUresult cuDeviceGetAttribute(int* value, int attribute, CUdevice device) {
  ENTER();
  if (value == nullptr) return kInvalidValue;
  if (device != 0) return kInvalidDevice;
  const auto id = static_cast<std::size_t>(attribute);
  if (attribute < 1 || id >= Snapshot::kAttributes || !guest.device.known[id]) return kInvalidValue;
  *value = guest.device.attributes[id];
  return kSuccess;
}

EXPORT CUresult cuDeviceGetProperties(CUdevprop* properties, CUdevice device) {
  ENTER();
  if (properties == nullptr) return kInvalidValue;
  if (device != 0) return kInvalidDevice;
  const auto get = [&](std::size_t id) { return guest.attribute(id); };
  *properties = {.max_threads_per_block = get(1),
                 .max_threads_dim = {get(2), get(3), get(4)},
                 .max_grid_size = {get(5), get(6), get(7)},
                 .shared_mem_per_block = get(8),
                 .total_constant_memory = get(9),
                 .simd_width = get(10),
                 .mem_pitch = get(11),
                 .regs_per_block = get(12),
                 .clock_rate = get(13),
                 .texture_align = get(14)};
  return kSuccess;
}

EXPORT CUresult cuDeviceComputeCapability(int* major, int* minor, CUdevice device) {
  ENTER();
  if (major == nullptr || minor == nullptr) return kInvalidValue;
  if (device != 0) return kInvalidDevice;
  *major = guest.attribute(kMajor);
  *minor = guest.attribute(kMinor);
  return kSuccess;
}

EXPORT CUresult cuDeviceGetPCIBusId(char* text, int length, CUdevice device) {
  ENTER();
  if (text == nullptr || length <= 0) return kInvalidValue;
  if (device != 0) return kInvalidDevice;
  std::snprintf(text, static_cast<std::size_t>(length), "%s", guest.device.pci.c_str());
  return kSuccess;
}

EXPORT CUresult cuDeviceGetByPCIBusId(CUdevice* device, const char* text) {
  ENTER();
  if (device == nullptr || text == nullptr) return kInvalidValue;
  unsigned domain = 0, bus = 0, slot = 0;
  const bool whole = std::sscanf(text, "%x:%x:%x", &domain, &bus, &slot) == 3;
  if (!whole) {
    domain = 0;
    if (std::sscanf(text, "%x:%x", &bus, &slot) != 2) return kInvalidValue;
  }
  const auto is = [&](std::size_t id, unsigned value) {
    return static_cast<unsigned>(guest.attribute(id)) == value;
  };
  if (!is(kPciDomain, domain) || !is(kPciBus, bus) || !is(kPciDevice, slot)) return kInvalidDevice;
  *device = 0;
  return kSuccess;
}

EXPORT CUresult cuDeviceCanAccessPeer(int* can, CUdevice device, CUdevice peer) {
  ENTER();
  if (can == nullptr) return kInvalidValue;
  if (device != 0 || peer != 0) return kInvalidDevice;
  *can = 0;
  return kSuccess;
}

EXPORT CUresult cuModuleGetLoadingMode(int* mode) {
  if (mode == nullptr) return kInvalidValue;
  constexpr int kLazy = 2;
  *mode = kLazy;
  return kSuccess;
}

// Undocumented tables are not answered, for anybody.
EXPORT CUresult cuGetExportTable(const void** table, const CUuuid*) {
  if (table == nullptr) return kInvalidValue;
  *table = nullptr;
  static std::atomic<bool> told = false;
  if (!told.exchange(true)) {
    std::fputs(
        "libcuda (larder): this program asks the driver for undocumented tables, as NVIDIA's "
        "static CUDA runtime does. "
        "Link it with the shared runtime instead: nvcc -cudart shared\n",
        stderr);
  }
  return kNotFound;
}

EXPORT CUresult cuProfilerStart() {
  ENTER_CONTEXT();
  return kSuccess;
}

EXPORT CUresult cuProfilerStop() {
  ENTER_CONTEXT();
  return kSuccess;
}

}  // namespace gpu_guest
