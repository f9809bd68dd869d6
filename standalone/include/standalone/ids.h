// Names made up by the platform.
#pragma once

#include <string>

namespace standalone {

// Threads: any method from any thread.
class IdSource {
 public:
  virtual ~IdSource() = default;
  virtual std::string activation_id() = 0;   // 32 lower-case hex digits
  virtual std::string transaction_id() = 0;  // 32 of A-Za-z0-9
};

// From the kernel's random numbers, fetched in blocks.
class RandomIds final : public IdSource {
 public:
  std::string activation_id() override;
  std::string transaction_id() override;
};

}  // namespace standalone
