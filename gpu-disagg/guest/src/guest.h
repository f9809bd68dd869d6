// This process's one session, and all that is remembered beside it. Made by cuInit() and never
// destroyed: libraries call the driver from their own exit handlers.
//
// Threads: everything from any thread. After fork() the child has none of it: enter() says so.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "gpu_wire/client_link.h"
#include "host_functions.h"
#include "objects.h"
#include "table.h"

namespace gpu_guest {

struct Snapshot {
  std::string name, pci;
  std::array<std::uint8_t, 16> uuid{};
  std::uint64_t memory_bytes = 0;
  int driver_version = 0;
  static constexpr std::size_t kAttributes = 256;
  std::array<int, kAttributes> attributes{};
  std::array<bool, kAttributes> known{};
};

class Guest {
 public:
  Guest(std::unique_ptr<gpu_wire::ClientLink> link, HostFunctions& host_functions);

  gpu_wire::ClientLink& link() { return *link_; }

  // The result of a call, as CUDA has it; `reply` is filled when it went well.
  template <typename Message>
  CUresult call(const Message& message, typename Message::Reply* reply = nullptr) {
    const auto answer = link_->call(message);
    if (reply != nullptr) *reply = answer.reply;
    return static_cast<CUresult>(answer.result);
  }
  // One-way: an error comes later, but a lost connection is told at once.
  template <typename Message>
  CUresult post(const Message& message) {
    if (link_->lost()) return kDeviceUnavailable;
    link_->post(message);
    return kSuccess;
  }

  // Forgets and releases what was created in a context that ends.
  void release(Context* context);

  Snapshot device;
  Context primary;
  Table<Stream> streams{gpu_wire::Kind::kStream};
  Table<Event> events{gpu_wire::Kind::kEvent};
  Table<Module> modules{gpu_wire::Kind::kModule};
  Table<Kernel> kernels{gpu_wire::Kind::kKernel};
  Ranges memory;       // of the device
  Ranges host_memory;  // pinned, of this process
  std::atomic<std::uint64_t> last_number = 0;
  HostFunctions& host_functions;

  static constexpr int kAttributeMaxThreads = 1;
  int attribute(std::size_t id) const { return device.attributes[id]; }

 private:
  const std::unique_ptr<gpu_wire::ClientLink> link_;
};

// The guest, when this process may call the driver: otherwise null and the error to return.
struct Entry {
  Guest* guest;
  CUresult error;
};
Entry enter();
// The same, and a context is current on this thread.
Entry enter_context();

// cuInit().
CUresult initialize(unsigned flags);

// ---- this thread's contexts
Context* current_context();
CUresult push_context(Context* context);
CUresult pop_context(Context** context);
void set_context(Context* context);

// A stream handle as the wire has it; false when it is none. `per_thread`: what a null handle means
// here.
bool resolve(Guest& guest, CUstream stream, bool per_thread, std::uint64_t* wire);

// For tests: how often the connection was written to, and the like.
gpu_wire::ClientLink::Counters counters();

}  // namespace gpu_guest

// The two ways into every function that begins with these lines.
#define ENTER()                                     \
  const auto entry_ = ::gpu_guest::enter();         \
  if (entry_.guest == nullptr) return entry_.error; \
  [[maybe_unused]] ::gpu_guest::Guest& guest = *entry_.guest
#define ENTER_CONTEXT()                             \
  const auto entry_ = ::gpu_guest::enter_context(); \
  if (entry_.guest == nullptr) return entry_.error; \
  [[maybe_unused]] ::gpu_guest::Guest& guest = *entry_.guest

// What a program sees.
#define EXPORT extern "C" __attribute__((visibility("default")))
