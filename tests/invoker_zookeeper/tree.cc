#include "tree.h"

#include <random>

#include "base/check.h"

namespace zookeeper_testing {

Tree::Tree(const std::string& address) : address_(address) {
  std::random_device random;
  root_ = "/test-" + std::to_string(random()) + std::to_string(random());
  auto session = invoker_zookeeper::Session::open(
      address, std::chrono::steady_clock::now() + std::chrono::seconds(30));
  CHECK(session.ok());
  session_ = std::move(*session);
  CHECK(session_->ensure(root_, {}).ok());
}

std::optional<std::string> Tree::bytes_at(const std::string& path) {
  auto node = session_->get(root_ + path);
  if (!node.ok()) return std::nullopt;
  return node->bytes;
}

void Tree::put(const std::string& path, const std::string& bytes) {
  CHECK(session_->ensure(root_ + path, bytes).ok());
}

}  // namespace zookeeper_testing
