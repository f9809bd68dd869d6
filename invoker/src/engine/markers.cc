#include "engine/markers.h"

namespace invoker {
namespace {

constexpr std::string_view kComponent = "Invoker";

std::string ms_of(std::chrono::microseconds time) { return std::to_string(time.count() / 1000); }

}  // namespace

void Markers::mark(std::string_view marker, std::string_view text) const {
  write(base::LogLevel::kInfo, marker, text, "");
}

void Markers::started(std::string_view step, std::string_view text) const {
  write(base::LogLevel::kInfo, std::string(step) + "_start", text, "");
}

void Markers::finished(std::string_view step, std::string_view text,
                       std::chrono::microseconds took) const {
  write(base::LogLevel::kInfo, std::string(step) + "_finish", text, ":" + ms_of(took));
}

void Markers::failed(std::string_view step, std::string_view text,
                     std::chrono::microseconds took) const {
  write(base::LogLevel::kWarn, std::string(step) + "_error", text, ":" + ms_of(took));
}

void Markers::write(base::LogLevel level, std::string_view marker, std::string_view text,
                    std::string_view times) const {
  if (!wanted_ || !log_.wants(level)) return;
  const std::int64_t since = base::epoch_ms(clock_.wall()) - start_ms_;
  std::string line(text);
  line.append(" [marker:").append(marker).append(1, ':').append(std::to_string(since));
  line.append(times).append(1, ']');
  log_.log(level, kComponent, line);
}

}  // namespace invoker
