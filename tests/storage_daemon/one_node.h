// One node and one invoker, for tests that need a mount.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "node.h"

namespace storaged_test {

class OneNode : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = no_mounts_here(); !why.empty()) GTEST_SKIP() << why;
    start();
  }
  void start() {
    node_ = std::make_unique<Node>(folder_.path());
    client_ = node_->client("invoker");
  }

  Folder folder_;
  std::unique_ptr<Node> node_;
  std::unique_ptr<storage_control::ControlClient> client_;
};

}  // namespace storaged_test
