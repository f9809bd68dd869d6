// A corner of ZooKeeper that no other test uses, and what OpenWhisk's invoker would do in it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "session.h"

namespace zookeeper_testing {

class Tree {
 public:
  // At `address`; makes its root.
  explicit Tree(const std::string& address);

  std::string hosts() const { return address_ + root_; }
  std::optional<std::string> bytes_at(const std::string& path);
  void put(const std::string& path, const std::string& bytes);

 private:
  std::string address_;
  std::string root_;
  std::unique_ptr<invoker_zookeeper::Session> session_;
};

}  // namespace zookeeper_testing
