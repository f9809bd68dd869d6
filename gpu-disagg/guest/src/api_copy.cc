// Copies: rows, rectangles, boxes. Larger shapes are their rows, which go out as one batch.
#include <algorithm>

#include "copy.h"
#include "streamed.h"

namespace gpu_guest {
namespace {

CUresult row(End to, End from, std::size_t bytes, CUstream stream, bool per_thread, bool later) {
  ENTER_CONTEXT();
  std::uint64_t wire = 0;
  if (!resolve(guest, stream, per_thread, &wire)) return kInvalidHandle;
  return copy(guest, to, from, bytes, {wire, later});
}

// Unified addressing: the address says where it is.
CUresult any(CUdeviceptr to, CUdeviceptr from, std::size_t bytes, CUstream stream, bool per_thread,
             bool later) {
  ENTER_CONTEXT();
  const End dst{guest.memory.find(to, 1), to}, src{guest.memory.find(from, 1), from};
  return row(dst, src, bytes, stream, per_thread, later);
}

constexpr unsigned kHost = 1, kDevice = 2, kArray = 3, kUnified = 4;

// One side of a rectangle or box.
struct Side {
  unsigned type;
  const void* host;
  CUdeviceptr device;
  std::size_t x, y, z, pitch, height;
};

struct Box {
  Side to, from;
  std::size_t width, height, depth;
};

CUresult end_of(Guest& guest, const Side& side, std::size_t width, std::size_t height, End* end) {
  if (side.type == kArray) return kNotSupported;
  if (side.type != kHost && side.type != kDevice && side.type != kUnified) return kInvalidValue;
  if (height > 1 && side.pitch < side.x + width) return kInvalidValue;
  *end = side.type == kHost ? End::host(side.host) : End::device(side.device);
  if (side.type == kUnified) end->on_device = guest.memory.find(side.device, 1);
  return kSuccess;
}

std::uint64_t offset(const Side& side, std::size_t y, std::size_t z) {
  return ((side.z + z) * side.height + side.y + y) * side.pitch + side.x;
}

CUresult rows(Guest& guest, const Box& box, End to, End from, Order order) {
  CUresult result = kSuccess;
  for (std::size_t z = 0; z < box.depth && result == kSuccess; ++z) {
    for (std::size_t y = 0; y < box.height && result == kSuccess; ++y) {
      result = copy(guest, {to.on_device, to.at + offset(box.to, y, z)},
                    {from.on_device, from.at + offset(box.from, y, z)}, box.width, order);
    }
  }
  return result;
}

CUresult box(const Box& what, CUstream stream, bool per_thread, bool later) {
  ENTER_CONTEXT();
  std::uint64_t wire = 0;
  if (!resolve(guest, stream, per_thread, &wire)) return kInvalidHandle;
  if (what.width == 0 || what.height == 0 || what.depth == 0) return kSuccess;
  const std::size_t rows_of_all = what.height * what.depth;
  End to, from;
  if (const CUresult bad = end_of(guest, what.to, what.width, rows_of_all, &to); bad != kSuccess)
    return bad;
  if (const CUresult bad = end_of(guest, what.from, what.width, rows_of_all, &from);
      bad != kSuccess)
    return bad;
  return rows(guest, what, to, from, {wire, later});
}

CUresult rectangle(const CUDA_MEMCPY2D* what, CUstream stream, bool per_thread, bool later) {
  if (what == nullptr) return kInvalidValue;
  const CUDA_MEMCPY2D& c = *what;
  return box({.to = {c.dst_type, c.dst_host, c.dst_device, c.dst_x, c.dst_y, 0, c.dst_pitch, 0},
              .from = {c.src_type, c.src_host, c.src_device, c.src_x, c.src_y, 0, c.src_pitch, 0},
              .width = c.width,
              .height = c.height,
              .depth = 1},
             stream, per_thread, later);
}

CUresult cuboid(const CUDA_MEMCPY3D* what, CUstream stream, bool per_thread, bool later) {
  if (what == nullptr) return kInvalidValue;
  const CUDA_MEMCPY3D& c = *what;
  return box({.to = {c.dst_type, c.dst_host, c.dst_device, c.dst_x, c.dst_y, c.dst_z, c.dst_pitch,
                     c.dst_height},
              .from = {c.src_type, c.src_host, c.src_device, c.src_x, c.src_y, c.src_z, c.src_pitch,
                       c.src_height},
              .width = c.width,
              .height = c.height,
              .depth = c.depth},
             stream, per_thread, later);
}

}  // namespace

STREAMED(cuMemcpy, _ptds, (CUdeviceptr to, CUdeviceptr from, std::size_t bytes),
         any(to, from, bytes, nullptr, per_thread, false))
STREAMED(cuMemcpyAsync, _ptsz,
         (CUdeviceptr to, CUdeviceptr from, std::size_t bytes, CUstream stream),
         any(to, from, bytes, stream, per_thread, true))
STREAMED(cuMemcpyHtoD_v2, _ptds, (CUdeviceptr to, const void* from, std::size_t bytes),
         row(End::device(to), End::host(from), bytes, nullptr, per_thread, false))
STREAMED(cuMemcpyHtoDAsync_v2, _ptsz,
         (CUdeviceptr to, const void* from, std::size_t bytes, CUstream stream),
         row(End::device(to), End::host(from), bytes, stream, per_thread, true))
STREAMED(cuMemcpyDtoH_v2, _ptds, (void* to, CUdeviceptr from, std::size_t bytes),
         row(End::host(to), End::device(from), bytes, nullptr, per_thread, false))
STREAMED(cuMemcpyDtoHAsync_v2, _ptsz,
         (void* to, CUdeviceptr from, std::size_t bytes, CUstream stream),
         row(End::host(to), End::device(from), bytes, stream, per_thread, true))
STREAMED(cuMemcpyDtoD_v2, _ptds, (CUdeviceptr to, CUdeviceptr from, std::size_t bytes),
         row(End::device(to), End::device(from), bytes, nullptr, per_thread, false))
STREAMED(cuMemcpyDtoDAsync_v2, _ptsz,
         (CUdeviceptr to, CUdeviceptr from, std::size_t bytes, CUstream stream),
         row(End::device(to), End::device(from), bytes, stream, per_thread, true))
STREAMED(cuMemcpy2D_v2, _ptds, (const CUDA_MEMCPY2D* what),
         rectangle(what, nullptr, per_thread, false))
STREAMED(cuMemcpy2DUnaligned_v2, _ptds, (const CUDA_MEMCPY2D* what),
         rectangle(what, nullptr, per_thread, false))
STREAMED(cuMemcpy2DAsync_v2, _ptsz, (const CUDA_MEMCPY2D* what, CUstream stream),
         rectangle(what, stream, per_thread, true))
STREAMED(cuMemcpy3D_v2, _ptds, (const CUDA_MEMCPY3D* what),
         cuboid(what, nullptr, per_thread, false))
STREAMED(cuMemcpy3DAsync_v2, _ptsz, (const CUDA_MEMCPY3D* what, CUstream stream),
         cuboid(what, stream, per_thread, true))

}  // namespace gpu_guest
