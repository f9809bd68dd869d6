// The logs of a Docker daemon: the json-file, and the stream of frames in pieces of any size.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "answers.h"
#include "base/check.h"
#include "frames.h"
#include "log_collector.h"
#include "log_line.h"

namespace {

using namespace invoker_docker;

std::vector<std::string> frames_of(std::string_view stream, std::size_t piece) {
  Frames frames;
  std::vector<std::string> texts;
  for (; !stream.empty(); stream.remove_prefix(std::min(piece, stream.size()))) {
    frames.add(stream.substr(0, piece));
    while (const auto frame = frames.take()) {
      texts.push_back(frame->bytes);
      if (const auto entry = parse_frame(*frame)) CHECK(entry->json_bytes > 0);
    }
  }
  return texts;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  CHECK(frames_of(stream, data[0] % 64 + 1) == frames_of(stream, size));

  Lines lines(1 << 16);
  LogCollector collector({.limit_bytes = 1000});
  if (lines.add(stream)) {
    while (const auto line = lines.take()) {
      if (auto entry = parse_json_line(*line)) collector.add(std::move(*entry));
    }
  }
  CHECK(std::move(collector).finish().lines.size() < 1000);
  return 0;
}
