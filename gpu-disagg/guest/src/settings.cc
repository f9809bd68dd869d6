#include "settings.h"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>

namespace gpu_guest {
namespace {

constexpr const char* kFile = "/run/larder/gpu";

// The program may change its environment later; this is read once, in cuInit().
std::string variable(const char* name) {
  const char* value =
      std::getenv(name);  // NOLINT(concurrency-mt-unsafe): read once, before threads of ours
  return value == nullptr ? "" : value;
}

std::string own_host() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

}  // namespace

base::Result<Settings> read_settings() {
  std::string endpoint = variable("LARDER_GPU_ENDPOINT"), token = variable("LARDER_GPU_TOKEN");
  if (endpoint.empty()) {
    const std::string named = variable("LARDER_GPU_FILE");
    std::ifstream file(named.empty() ? kFile : named);
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with("endpoint=")) endpoint = line.substr(9);
      if (line.starts_with("token=")) token = line.substr(6);
    }
  }
  if (endpoint.empty())
    return base::Error{base::ErrorCode::kNotFound, "no endpoint of a GPU session is set"};
  TRY(auto parsed, gpu_wire::parse_endpoint(endpoint));
  return Settings{.endpoint = std::move(parsed), .token = std::move(token), .host = own_host()};
}

}  // namespace gpu_guest
