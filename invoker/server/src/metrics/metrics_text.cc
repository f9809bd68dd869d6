#include "invoker_server/metrics_text.h"

namespace invoker_server {

std::string label_value(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '\\' || c == '"') result += '\\';
    result += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return result;
}

MetricsText& MetricsText::family(std::string_view name, std::string_view type,
                                 std::string_view help) {
  name_ = name;
  out_.append("# HELP ").append(name).append(" ").append(help).append("\n");
  out_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
  return *this;
}

MetricsText& MetricsText::line(const std::string& number, std::string_view labels) {
  out_.append(name_).append(labels).append(" ").append(number).append("\n");
  return *this;
}

}  // namespace invoker_server
