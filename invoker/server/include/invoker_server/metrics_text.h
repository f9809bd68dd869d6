// Prometheus' text format 0.0.4, piece by piece.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "invoker/invoker.h"

namespace invoker_server {

// A value of a label as it may stand between quotes.
std::string label_value(std::string_view text);

// Each family once, then its values.
class MetricsText {
 public:
  // `type`: "counter" or "gauge".
  MetricsText& family(std::string_view name, std::string_view type, std::string_view help);
  // `labels`: as they are to stand there, with their braces: {start="cold"}.
  template <typename Number>
    requires std::integral<Number> || std::floating_point<Number>
  MetricsText& value(Number number, std::string_view labels = {}) {
    return line(std::to_string(number), labels);
  }
  std::string take() { return std::move(out_); }

 private:
  MetricsText& line(const std::string& number, std::string_view labels);

  std::string name_;
  std::string out_;
};

// What an invoker knows of itself, as larder_*.
void append_invoker_metrics(const invoker::InvokerStats& stats, MetricsText& text);

// What OpenWhisk's invoker would tell Prometheus, as far as it is known here.
struct StockMetrics {
  invoker::InvokerStats stats;
  std::string topic;                  // "invoker0"
  std::optional<std::int64_t> lag{};  // records that wait in it
  bool tags = false;                  // METRICS_KAMON_TAGS: part of a name becomes a label
};
void append_stock_metrics(const StockMetrics& known, MetricsText& text);

}  // namespace invoker_server
