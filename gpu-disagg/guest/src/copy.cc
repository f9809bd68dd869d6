#include "copy.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "gpu_wire/frame.h"

namespace gpu_guest {
namespace {

CUresult copy_in(Guest& guest, std::uint64_t to, std::span<const std::byte> from,
                 std::uint64_t stream) {
  for (std::size_t at = 0; at < from.size(); at += gpu_wire::kTailBytesMax) {
    guest.link().post_tail(
        gpu_wire::CopyIn{.stream = stream, .address = to + at},
        from.subspan(at, std::min<std::size_t>(gpu_wire::kTailBytesMax, from.size() - at)));
  }
  return guest.link().lost() ? kDeviceUnavailable : kSuccess;
}

CUresult copy_out(Guest& guest, std::span<std::byte> to, std::uint64_t from, Order order) {
  const std::uint64_t landing = guest.link().add_landing(to);
  const bool pinned = guest.host_memory.find(reinterpret_cast<std::uint64_t>(to.data()), to.size());
  if (order.later && pinned)
    return guest.post(gpu_wire::CopyOutLater{
        .stream = order.stream, .landing = landing, .address = from, .bytes = to.size()});
  const CUresult result = guest.call(gpu_wire::CopyOut{
      .stream = order.stream, .landing = landing, .address = from, .bytes = to.size()});
  guest.link().remove_landing(landing);
  return result;
}

// The host's part of such a copy happens now, so what was queued before must be over.
CUresult copy_here(Guest& guest, std::uint64_t to, std::uint64_t from, std::size_t bytes,
                   Order order) {
  const CUresult result = guest.call(gpu_wire::StreamSynchronize{.stream = order.stream});
  if (result != kSuccess) return result;
  std::memmove(std::bit_cast<void*>(to), std::bit_cast<const void*>(from), bytes);
  return kSuccess;
}

}  // namespace

CUresult copy(Guest& guest, End to, End from, std::size_t bytes, Order order) {
  if (bytes == 0) return kSuccess;
  if (to.at == 0 || from.at == 0) return kInvalidValue;
  if (to.on_device && !guest.memory.find(to.at, bytes)) return kInvalidValue;
  if (from.on_device && !guest.memory.find(from.at, bytes)) return kInvalidValue;
  if (!to.on_device && !from.on_device) return copy_here(guest, to.at, from.at, bytes, order);
  if (to.on_device && from.on_device)
    return guest.post(
        gpu_wire::CopyAcross{.stream = order.stream, .to = to.at, .from = from.at, .bytes = bytes});
  if (to.on_device)
    return copy_in(guest, to.at, {std::bit_cast<const std::byte*>(from.at), bytes}, order.stream);
  return copy_out(guest, {std::bit_cast<std::byte*>(to.at), bytes}, from.at, order);
}

}  // namespace gpu_guest
