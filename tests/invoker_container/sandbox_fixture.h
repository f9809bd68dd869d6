// Tests that look at what a sandbox can and cannot do.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "calls.h"
#include "sandbox_backend.h"

namespace invoker_container {

class SandboxTest : public ::testing::Test {
 protected:
  void SetUp() override {
    static const std::string reason = SandboxBackend::skip_reason();
    if (!reason.empty()) GTEST_SKIP() << reason;
    factory_ = make_factory(test_config());
  }

  static std::unique_ptr<SandboxFactory> make_factory(const SandboxConfig& config) {
    auto factory = SandboxFactory::create(config, test_clock());
    EXPECT_TRUE(factory.ok()) << factory.error().message;
    return factory.ok() ? std::move(*factory) : nullptr;
  }
  std::unique_ptr<invoker::Container> create(const std::string& kind,
                                             std::int64_t megabytes = 256) {
    auto container = factory_->create(spec_of(kind, megabytes));
    EXPECT_TRUE(container.ok()) << container.error().message;
    return container.ok() ? std::move(*container) : nullptr;
  }
  // The kind that begins so: "nodejs:" for whatever version there is.
  std::string kind_of(const std::string& prefix) const {
    for (const std::string& kind : factory_->kinds()) {
      if (kind.starts_with(prefix)) return kind;
    }
    return "";
  }
  // A python container whose code has been initialised.
  std::unique_ptr<invoker::Container> python(const std::string& code,
                                             std::int64_t megabytes = 256) {
    auto container = create("python:3", megabytes);
    if (container == nullptr) return container;
    const auto outcome = initialize(*container, code);
    EXPECT_EQ(outcome.status, 200) << outcome.body;
    return container;
  }

  std::unique_ptr<SandboxFactory> factory_;
};

}  // namespace invoker_container
