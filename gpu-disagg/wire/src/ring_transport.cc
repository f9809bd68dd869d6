#include "ring_transport.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>

#include "gpu_wire/frame.h"
#include "hang_up.h"
#include "ring.h"

namespace gpu_wire {
namespace {

constexpr std::size_t kRingBytes = Ring::kControlBytes + Ring::kBytes;
constexpr std::size_t kMemoryBytes = 2 * kRingBytes;
// So long somebody who waits looks again before it sleeps: longer than a peer that is awake takes
// to answer.
constexpr std::chrono::microseconds kSpin{20};
// The consumer may begin with so much while the producer writes on.
constexpr std::size_t kPieceBytes = 128 << 10;

// In the order in which they are passed: the memory, then whom each wakes.
enum Passed : std::uint8_t { kMemory, kToServer, kToServerRoom, kToClient, kToClientRoom, kCount };
using Descriptors = std::array<base::UniqueFd, kCount>;

base::Error gone() { return {base::ErrorCode::kUnavailable, "the peer has closed its rings"}; }

class Mapping {
 public:
  explicit Mapping(int fd)
      : at_(::mmap(nullptr, kMemoryBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)) {}
  ~Mapping() {
    if (valid()) ::munmap(at_, kMemoryBytes);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  bool valid() const { return at_ != MAP_FAILED; }
  std::byte* at() const { return static_cast<std::byte*>(at_); }

 private:
  void* at_;
};

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

void wake(std::atomic<std::uint32_t>& sleeps, int fd) {
  if (sleeps.load(std::memory_order_seq_cst) == 0) return;
  sleeps.store(0, std::memory_order_seq_cst);
  const std::uint64_t one = 1;
  // It can only fail when it is already as loud as can be.
  [[maybe_unused]] const auto written = ::write(fd, &one, sizeof one);
}

class RingTransport final : public Transport {
 public:
  RingTransport(base::UniqueFd socket, Descriptors fds, std::unique_ptr<Mapping> memory,
                bool server)
      : socket_(std::move(socket)),
        fds_(std::move(fds)),
        memory_(std::move(memory)),
        out_(memory_->at() + (server ? kRingBytes : 0)),
        in_(memory_->at() + (server ? 0 : kRingBytes)),
        wake_peer_data_(server ? kToClient : kToServer),
        own_room_(server ? kToClientRoom : kToServerRoom),
        own_data_(server ? kToServer : kToClient),
        wake_peer_room_(server ? kToServerRoom : kToClientRoom) {}

  base::Status send(std::span<const std::byte> first, std::span<const std::byte> second) override {
    TRY_STATUS(send_all(first));
    return send_all(second);
  }

  base::Result<std::size_t> receive(std::span<std::byte> to) override {
    std::size_t filled = 0;
    const auto ready = [&] { return amount(in_.filled(), filled); };
    if (!wait(ready, in_.control().consumer_sleeps, own_data_, kForever)) return gone();
    if (filled == 0 || shut_) return gone();
    const std::size_t count = in_.read(to, std::min(filled, kPieceBytes));
    wake(in_.control().producer_sleeps, fds_[wake_peer_room_].get());
    return count;
  }

  bool readable(std::chrono::milliseconds time) override {
    std::size_t filled = 0;
    const auto ready = [&] { return amount(in_.filled(), filled); };
    return wait(ready, in_.control().consumer_sleeps, own_data_, static_cast<int>(time.count())) ||
           closed_;
  }

  void wait_gone() override { gpu_wire::wait_gone(socket_.get()); }

  void close() override {
    shut_ = true;
    ::shutdown(socket_.get(), SHUT_RDWR);
  }

 private:
  static constexpr int kForever = -1;

  // True when there is no need to wait: something is there, or the peer's positions are nonsense
  // (count 0).
  static bool amount(std::optional<std::size_t> from, std::size_t& count) {
    count = from.value_or(0);
    return !from || count > 0;
  }

  base::Status send_all(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      std::size_t room = 0;
      const auto ready = [&] { return amount(out_.room(), room); };
      if (!wait(ready, out_.control().producer_sleeps, own_room_, kForever)) return gone();
      if (room == 0) return gone();
      bytes = bytes.subspan(out_.write(bytes.first(std::min(bytes.size(), kPieceBytes)), room));
      wake(out_.control().consumer_sleeps, fds_[wake_peer_data_].get());
    }
    if (closed_ || shut_) return gone();
    return {};
  }

  // True once `ready`, false when the time is over or the peer is gone.
  template <typename Ready>
  bool wait(const Ready& ready, std::atomic<std::uint32_t>& sleeps, Passed own, int time_ms) {
    if (ready()) return true;
    if (time_ms != 0 && spin(ready)) return true;
    while (true) {
      sleeps.store(1, std::memory_order_seq_cst);
      if (ready()) return awake(sleeps);
      std::array<pollfd, 2> wakers{pollfd{fds_[own].get(), POLLIN, 0},
                                   pollfd{socket_.get(), POLLIN | POLLRDHUP, 0}};
      const int count = ::poll(wakers.data(), wakers.size(), time_ms);
      if (wakers[0].revents != 0) drain(fds_[own].get());
      if (ready()) return awake(sleeps);
      // Nobody writes to the socket any more: whatever it has to say is the end.
      if (wakers[1].revents != 0) closed_ = true;
      if (closed_ || (count == 0 && time_ms >= 0)) {
        sleeps.store(0, std::memory_order_seq_cst);
        return false;
      }
    }
  }

  template <typename Ready>
  static bool spin(const Ready& ready) {
    const auto end = std::chrono::steady_clock::now() + kSpin;
    while (std::chrono::steady_clock::now() < end) {
      for (int i = 0; i < 16; ++i) {
        if (ready()) return true;
        relax();
      }
    }
    return false;
  }

  static bool awake(std::atomic<std::uint32_t>& sleeps) {
    sleeps.store(0, std::memory_order_seq_cst);
    return true;
  }

  static void drain(int fd) {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto read = ::read(fd, &count, sizeof count);
  }

  const base::UniqueFd socket_;
  const Descriptors fds_;
  const std::unique_ptr<Mapping> memory_;
  Ring out_, in_;
  const Passed wake_peer_data_, own_room_, own_data_, wake_peer_room_;
  std::atomic<bool> closed_ = false;  // by the peer
  std::atomic<bool> shut_ = false;    // by close()
};

base::Error failed(const char* what) { return base::error_from_errno(errno, what); }

// Sealed: a client that could shorten it would kill the server's process at its next look.
base::Result<Descriptors> make_descriptors() {
  Descriptors fds;
  fds[kMemory].reset(::memfd_create("rings", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fds[kMemory].valid() || ::ftruncate(fds[kMemory].get(), kMemoryBytes) != 0 ||
      ::fcntl(fds[kMemory].get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    return failed("memory for rings");
  for (std::size_t i = kToServer; i < kCount; ++i) {
    fds[i].reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!fds[i].valid()) return failed("an eventfd for rings");
  }
  return fds;
}

struct Envelope {
  std::byte byte{};
  iovec part{.iov_base = &byte, .iov_len = 1};
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(int) * kCount)> control{};
  msghdr message{};

  Envelope() {
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
  }
  Envelope(const Envelope&) = delete;
  Envelope& operator=(const Envelope&) = delete;
};

base::Status pass(int socket, const Descriptors& fds) {
  Envelope envelope;
  cmsghdr* head = CMSG_FIRSTHDR(&envelope.message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof(int) * kCount);
  std::array<int, kCount> numbers{};
  for (std::size_t i = 0; i < kCount; ++i) numbers[i] = fds[i].get();
  std::memcpy(CMSG_DATA(head), numbers.data(), sizeof numbers);
  if (::sendmsg(socket, &envelope.message, MSG_NOSIGNAL) != 1) return failed("passing rings");
  return {};
}

base::Result<Descriptors> take(int socket) {
  Envelope envelope;
  if (::recvmsg(socket, &envelope.message, MSG_CMSG_CLOEXEC) != 1) return failed("taking rings");
  const cmsghdr* head = CMSG_FIRSTHDR(&envelope.message);
  if (head == nullptr || head->cmsg_type != SCM_RIGHTS ||
      head->cmsg_len != CMSG_LEN(sizeof(int) * kCount))
    return base::Error{base::ErrorCode::kUnavailable, "the server passed no rings"};
  std::array<int, kCount> numbers{};
  std::memcpy(numbers.data(), CMSG_DATA(head), sizeof numbers);
  Descriptors fds;
  for (std::size_t i = 0; i < kCount; ++i) fds[i].reset(numbers[i]);
  struct stat facts{};
  if (::fstat(fds[kMemory].get(), &facts) != 0 || facts.st_size != static_cast<off_t>(kMemoryBytes))
    return base::Error{base::ErrorCode::kUnavailable, "the server's rings have another size"};
  return fds;
}

base::Result<std::unique_ptr<Transport>> assemble(base::UniqueFd socket, Descriptors fds,
                                                  bool server) {
  auto memory = std::make_unique<Mapping>(fds[kMemory].get());
  if (!memory->valid()) return failed("mapping rings");
  return std::unique_ptr<Transport>(std::make_unique<RingTransport>(
      std::move(socket), std::move(fds), std::move(memory), server));
}

}  // namespace

base::Result<std::unique_ptr<Transport>> ask_for_rings(base::UniqueFd socket,
                                                       std::chrono::milliseconds time) {
  std::array<std::byte, FrameHeader::kBytes> ask{};
  FrameHeader{.opcode = kUseRings}.encode(ask.data());
  if (::send(socket.get(), ask.data(), ask.size(), MSG_NOSIGNAL) != ssize_t{ask.size()})
    return failed("asking for rings");
  pollfd answer{.fd = socket.get(), .events = POLLIN, .revents = 0};
  if (::poll(&answer, 1, static_cast<int>(time.count())) <= 0)
    return base::Error{base::ErrorCode::kUnavailable, "the server passes no rings"};
  TRY(Descriptors fds, take(socket.get()));
  return assemble(std::move(socket), std::move(fds), false);
}

base::Result<std::unique_ptr<Transport>> pass_rings(base::UniqueFd socket) {
  TRY(Descriptors fds, make_descriptors());
  TRY_STATUS(pass(socket.get(), fds));
  return assemble(std::move(socket), std::move(fds), true);
}

}  // namespace gpu_wire
