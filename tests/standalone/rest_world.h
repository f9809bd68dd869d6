// A control plane among fakes, and a client of it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "standalone/control_plane.h"
#include "testing/fake_clock.h"
#include "testing/fake_invoke.h"
#include "testing/fake_timer.h"
#include "testing/memory_activation_store.h"
#include "testing/memory_entity_store.h"

extern const std::string kGuestAuth;   // the Authorization header of guest
extern const std::string kSystemAuth;  // and of whisk.system
extern const std::string kActions;     // "/api/v1/namespaces/_/actions/"

class CountedIds final : public standalone::IdSource {
 public:
  std::string activation_id() override;
  std::string transaction_id() override;

 private:
  int next_ = 0;
};

// What a responder was given; nothing while it waits.
struct Received {
  std::shared_ptr<std::optional<standalone::Response>> slot =
      std::make_shared<std::optional<standalone::Response>>();

  bool answered() const { return slot->has_value(); }
  int status() const { return slot->value().status; }
  const std::string& body() const { return slot->value().body; }
  base::Json json() const { return base::Json::parse(body()).value(); }
  std::string error() const;
  std::string header(const std::string& name) const;
};

class RestTest : public ::testing::Test {
 protected:
  RestTest() { make(); }
  // A new control plane over the same stores, with what `config` says now.
  void make();

  // As guest, with a JSON body where there is one.
  Received call(const std::string& method, const std::string& target, const std::string& body = "");
  Received send(standalone::Request made);
  static standalone::Request request(const std::string& method, const std::string& target,
                                     const std::string& body = "");
  void put_hello();
  // The end of the activation of the last message.
  void complete(invoker::StatusCode code, const std::string& result);
  invoker::Activation activation(const invoker::ActivationMessage& message,
                                 invoker::StatusCode code, const std::string& result) const;

  standalone::ControlPlaneConfig config;
  testing_support::MemoryEntityStore entities;
  testing_support::MemoryActivationStore activations;
  standalone::ActionLibrary library{entities};
  testing_support::FakeInvoke invoke;
  testing_support::FakeTimer timer;
  testing_support::FakeClock clock;
  CountedIds ids;
  std::unique_ptr<standalone::ControlPlane> plane;
};
