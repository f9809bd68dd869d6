// vprintf and __assertfail.
#include <cstring>

#include "run/block.h"
#include "run/handlers.h"
#include "run/print.h"

namespace gpu_host {
namespace {

constexpr std::size_t kStringBytesMost = 4096;

std::uint64_t read_passed(Context& c, const Passed& passed, unsigned lane) {
  const std::byte* from = passed.from_register
                              ? c.frame + passed.from + lane * (passed.bytes == 8 ? 8 : 4)
                              : c.local + lane * c.local_stride +
                                    std::uint64_t{c.depth} * c.program->local_bytes + passed.from;
  std::uint64_t value = 0;
  std::memcpy(&value, from, passed.bytes);
  return value;
}

void write_passed(Context& c, const Passed& passed, unsigned lane, std::uint32_t value) {
  std::byte* to = passed.to_register
                      ? c.frame + passed.to + lane * 4
                      : c.local + lane * c.local_stride +
                            std::uint64_t{c.depth} * c.program->local_bytes + passed.to;
  std::memcpy(to, &value, sizeof value);
}

std::optional<std::string> read_string(Context& c, const Instr& i, unsigned lane,
                                       std::uint64_t address) {
  std::string text;
  while (text.size() < kStringBytesMost) {
    const std::byte* place =
        find_place(c, i, Space::kGeneric, lane, address + text.size(), 1, false);
    if (place == nullptr) return std::nullopt;
    if (*place == std::byte{0}) break;
    text += std::to_integer<char>(*place);
  }
  return text;
}

bool print(Context& c, const Instr& i, const CallSite& site, unsigned lane) {
  const std::uint64_t arguments = read_passed(c, site.arguments[1], lane);
  const auto format = read_string(c, i, lane, read_passed(c, site.arguments[0], lane));
  if (!format) return false;
  const auto text = format_text(
      *format,
      [&](std::uint64_t offset, unsigned bytes) -> std::optional<std::uint64_t> {
        const std::byte* place =
            find_place(c, i, Space::kGeneric, lane, arguments + offset, bytes, false);
        if (place == nullptr) return std::nullopt;
        std::uint64_t value = 0;
        std::memcpy(&value, place, bytes);
        return value;
      },
      [&](std::uint64_t address) { return read_string(c, i, lane, address); });
  if (!text) return false;
  c.block->grid.setup().print(*text);
  for (const Passed& one : site.results) {
    write_passed(c, one, lane, static_cast<std::uint32_t>(text->size()));
  }
  return true;
}

const Instr* fail_assertion(Context& c, const Instr& i, const CallSite& site, unsigned lane) {
  const auto what = read_string(c, i, lane, read_passed(c, site.arguments[0], lane));
  const auto file = read_string(c, i, lane, read_passed(c, site.arguments[1], lane));
  if (!what || !file) return nullptr;
  const auto line = read_passed(c, site.arguments[2], lane);
  const std::string text =
      *file + ":" + std::to_string(line) + ": Assertion `" + *what + "` failed.\n";
  c.block->grid.setup().print(text);
  return fault(c, i, gpu_device::CuResult::kAssert, text.substr(0, text.size() - 1));
}

}  // namespace

const Instr* run_builtin(Context& c, const Instr& i) {
  const CallSite& site = c.program->calls[i.target];
  for (unsigned l = 0; l < kLanes; ++l) {
    if (((c.mask >> l) & 1) == 0) continue;
    if (site.builtin == Builtin::kAssertFail) return fail_assertion(c, i, site, l);
    if (!print(c, i, site, l)) return nullptr;
  }
  return &i + 1;
}

}  // namespace gpu_host
