// What the action proxy reads from its socket: HTTP, and the JSON of /init in it. The first byte
// says where the bytes are cut.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "http_connection.h"
#include "init_request.h"
#include "worker.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t cut = data[0];
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  static_cast<void>(proxy::parse_init(bytes).ok());
  static_cast<void>(proxy::is_object_or_array(bytes));
  proxy::HttpParser parser;
  for (const std::string_view part :
       {bytes.substr(0, cut), bytes.substr(std::min(cut, bytes.size()))}) {
    if (!parser.feed(part)) return 0;
    while (const auto request = parser.take()) {
      static_cast<void>(proxy::parse_init(request->body).ok());
    }
  }
  return 0;
}
