#include "guest.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "settings.h"

namespace gpu_guest {
namespace {

// What the device may have and this library cannot pass on: mapped, managed and virtual memory,
// pools, peers.
constexpr std::array<std::size_t, 17> kNotHere{19,  83,  84,  88,  89,  91,  92,  93, 94,
                                               100, 102, 103, 115, 116, 121, 124, 132};

std::atomic<Guest*> the_guest = nullptr;
std::atomic<bool> forked = false;
std::mutex init_mutex;
pthread_key_t thread_key;

// Plain data only: threads end, and the program ends, with calls to come still.
constexpr std::size_t kStackDepth = 64;
struct ThreadState {
  std::array<Context*, kStackDepth> contexts;
  std::size_t depth;
  std::uint64_t stream;  // the per-thread default stream, once it is used
};
thread_local ThreadState here{};

void child_after_fork() { forked.store(true, std::memory_order_relaxed); }

// A thread's own stream goes with it. Not called for the thread that ends the program.
void thread_ends(void* stream) {
  Guest* const guest = the_guest.load();
  const auto id = reinterpret_cast<std::uint64_t>(stream);
  if (guest == nullptr || forked || !guest->streams.destroy(id)) return;
  (void)guest->post(gpu_wire::StreamDestroy{.stream = id});
}

void complain(const std::string& what) {
  std::fprintf(stderr, "libcuda (larder): %s\n", what.c_str());
}

CUresult connect() {
  const auto settings = read_settings();
  if (!settings.ok()) {
    if (settings.error().code != base::ErrorCode::kNotFound) complain(settings.error().message);
    return kNoDevice;
  }
  static auto& host_functions = *new HostFunctions;
  auto link = gpu_wire::ClientLink::open(
      settings->endpoint, {.token = settings->token, .host = settings->host}, host_functions);
  if (!link.ok()) {
    complain("no GPU: " + link.error().message);
    return link.error().code == base::ErrorCode::kPermissionDenied ? kNoDevice : kDeviceUnavailable;
  }
  the_guest.store(new Guest(std::move(*link), host_functions));
  return kSuccess;
}

}  // namespace

Guest::Guest(std::unique_ptr<gpu_wire::ClientLink> link, HostFunctions& functions)
    : host_functions(functions), link_(std::move(link)) {
  const gpu_wire::Welcome& welcome = link_->welcome();
  device.name = welcome.name;
  device.pci = welcome.pci;
  device.uuid = welcome.uuid;
  device.memory_bytes = welcome.memory_bytes;
  device.driver_version = static_cast<int>(welcome.driver_version);
  for (const auto& [id, value] : welcome.attributes) {
    if (id >= Snapshot::kAttributes) continue;
    device.known[id] = true;
    device.attributes[id] = std::ranges::find(kNotHere, id) == kNotHere.end() ? value : 0;
  }
  primary.primary = true;
  primary.number = 1;
  last_number = 1;
}

void Guest::release(Context* context) {
  const auto of_it = [&](const auto& each) { return each.context == context; };
  for (const std::uint64_t id : modules.all(of_it)) {
    for (const std::uint64_t kernel : modules.find(std::bit_cast<void*>(id))->kernels)
      kernels.destroy(kernel);
    if (modules.destroy(id)) (void)post(gpu_wire::Unload{.module = id});
  }
  for (const std::uint64_t id : events.all(of_it)) {
    if (events.destroy(id)) (void)post(gpu_wire::EventDestroy{.event = id});
  }
  for (const std::uint64_t id : streams.all(of_it)) {
    if (streams.destroy(id)) (void)post(gpu_wire::StreamDestroy{.stream = id});
  }
  for (const std::uint64_t start : memory.all(of_it)) {
    if (memory.take(start, Range::Kind::kAllocated))
      (void)post(gpu_wire::Free{.address = start});
    else
      memory.take(start, Range::Kind::kVariable);
  }
}

CUresult initialize(unsigned flags) {
  if (flags != 0) return kInvalidValue;
  const std::lock_guard lock(init_mutex);
  if (forked) return kNotInitialized;
  if (the_guest.load() != nullptr) return kSuccess;
  static const int once [[maybe_unused]] = [] {
    ::pthread_atfork(nullptr, nullptr, child_after_fork);
    return ::pthread_key_create(&thread_key, thread_ends);
  }();
  return connect();
}

Entry enter() {
  Guest* const guest = the_guest.load(std::memory_order_acquire);
  if (guest == nullptr || forked.load(std::memory_order_relaxed)) return {nullptr, kNotInitialized};
  return {guest, kSuccess};
}

Entry enter_context() {
  const Entry entry = enter();
  if (entry.guest == nullptr) return entry;
  const Context* context = current_context();
  if (context == nullptr) return {nullptr, kInvalidContext};
  if (!context->alive.load(std::memory_order_relaxed)) return {nullptr, kContextIsDestroyed};
  return entry;
}

Context* current_context() { return here.depth == 0 ? nullptr : here.contexts[here.depth - 1]; }

CUresult push_context(Context* context) {
  if (here.depth == kStackDepth) return kOutOfMemory;
  here.contexts[here.depth++] = context;
  return kSuccess;
}

CUresult pop_context(Context** context) {
  if (here.depth == 0) return kInvalidContext;
  *context = here.contexts[--here.depth];
  return kSuccess;
}

void set_context(Context* context) {
  if (here.depth > 0) --here.depth;
  if (context != nullptr) here.contexts[here.depth++] = context;
}

namespace {

std::uint64_t own_stream(Guest& guest) {
  if (here.stream != 0 && guest.streams.find(std::bit_cast<void*>(here.stream)) != nullptr)
    return here.stream;
  here.stream = guest.streams.create([&](Stream& stream, std::uint64_t id) {
    stream.context = current_context();
    stream.flags = 0;
    stream.priority = 0;
    (void)guest.post(gpu_wire::StreamCreate{.stream = id});
  });
  ::pthread_setspecific(thread_key, std::bit_cast<void*>(here.stream));
  return here.stream;
}

}  // namespace

bool resolve(Guest& guest, CUstream stream, bool per_thread, std::uint64_t* wire) {
  const auto handle = reinterpret_cast<std::uint64_t>(stream);
  constexpr std::uint64_t kLegacy = 1, kPerThread = 2;
  if (handle == kLegacy || (handle == 0 && !per_thread)) {
    *wire = gpu_wire::kLegacyStream;
    return true;
  }
  if (handle == kPerThread || handle == 0) {
    *wire = own_stream(guest);
    return *wire != 0;
  }
  *wire = handle;
  return guest.streams.find(stream) != nullptr;
}

gpu_wire::ClientLink::Counters counters() {
  Guest* const guest = the_guest.load();
  return guest == nullptr ? gpu_wire::ClientLink::Counters{} : guest->link().counters();
}

}  // namespace gpu_guest
