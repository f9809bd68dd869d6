// Tests of what only Docker has: images, pulling, a daemon that goes away.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "../invoker_container/calls.h"
#include "docker_backend.h"
#include "engine_api.h"

namespace invoker_docker {

using base::ErrorCode;
using invoker::CallError;
using invoker_container::in;
using invoker_container::initialize;
using invoker_container::loop_script;
using invoker_container::run;
using std::chrono::milliseconds;
using std::chrono::seconds;

class DockerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    static const std::string reason = missing_daemon();
    if (!reason.empty()) GTEST_SKIP() << reason;
    use(test_config());
  }

  void use(DockerConfig config) {
    config_ = std::move(config);
    factory_ = make_factory(config_);
    ASSERT_NE(factory_, nullptr);
    auto api = EngineApi::connect(config_.socket, {});
    ASSERT_TRUE(api.ok()) << api.error().message;
    api_ = std::move(*api);
  }

  invoker::ContainerSpec spec_of(const std::string& kind, const std::string& image = "") {
    invoker::ContainerSpec spec = invoker_container::spec_of(kind, 128);
    spec.name = config_.name_prefix + std::to_string(++counter_) + "_guest_test";
    spec.image = image;
    return spec;
  }

  std::unique_ptr<invoker::Container> create(const invoker::ContainerSpec& spec) {
    auto container = factory_->create(spec);
    EXPECT_TRUE(container.ok()) << container.error().message;
    return container.ok() ? std::move(*container) : nullptr;
  }

  base::Error failure_of(const invoker::ContainerSpec& spec) {
    const auto container = factory_->create(spec);
    EXPECT_FALSE(container.ok());
    return container.ok() ? base::Error{ErrorCode::kAlreadyExists, ""} : container.error();
  }

  // A container whose runtime has that fault.
  std::unique_ptr<invoker::Container> faulty(const std::string& fault) {
    static const bool built = ensure_image(
        "faulty", "/usr/bin/docker build -q -t " + image_of("faulty").text() +
                      " -f " LARDER_TREE "/tests/invoker_docker/faulty.Dockerfile " LARDER_TREE
                      "/tests/invoker_docker");
    EXPECT_TRUE(built);
    config_.images["faulty"] = image_of("faulty");
    factory_ = make_factory(config_);
    auto spec = spec_of("faulty");
    spec.environment.emplace_back("FAULT", fault);
    return create(spec);
  }

  // A native action that answers {} and does `body` first.
  std::unique_ptr<invoker::Container> native(const std::string& body = "") {
    auto container = create(spec_of("blackbox"));
    if (container == nullptr) return container;
    const std::string code = loop_script(body + "\necho '{}' >&3");
    EXPECT_EQ(initialize(*container, code).status, 200);
    return container;
  }

  std::size_t count_of(const std::string& prefix) const {
    const auto list = api_->list(prefix);
    EXPECT_TRUE(list.ok());
    return list.ok() ? list->size() : 0;
  }

  DockerConfig config_;
  std::unique_ptr<DockerFactory> factory_;
  std::unique_ptr<EngineApi> api_;
  int counter_ = 0;
};

}  // namespace invoker_docker
