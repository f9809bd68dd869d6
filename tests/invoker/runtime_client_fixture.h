// A client and a server that misbehaves on demand.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "invoker_http/runtime_client.h"
#include "testing/action_server.h"

namespace invoker_http {

class RuntimeClientTest : public testing::Test {
 protected:
  using Answer = testing_support::ActionServer::Answer;

  // A server on a unix socket, and a client for it.
  void serve(Answer answer);
  // A server that sends `text` to every request and then closes the connection.
  void serve_once(std::string text);

  invoker::CallOutcome post(std::chrono::milliseconds time = std::chrono::seconds(20),
                            const std::string& body = "{}");

  base::SystemClock clock_;
  invoker::ResponseBounds bounds_;
  bool retry_ = false;
  std::unique_ptr<testing_support::ActionServer> server_;
  std::unique_ptr<RuntimeClient> client_;
};

}  // namespace invoker_http
