#include "runtime_client_fixture.h"

#include <utility>

namespace invoker_http {

using testing_support::ActionServer;
using testing_support::HttpRequest;

void RuntimeClientTest::serve(Answer answer) {
  server_ = std::make_unique<ActionServer>(std::move(answer));
  client_ = std::make_unique<RuntimeClient>(Endpoint{server_->socket_path(), "", 0}, clock_);
}

void RuntimeClientTest::serve_once(std::string text) {
  serve([text = std::move(text)](const HttpRequest&, int fd) {
    testing_support::send_text(fd, text);
    return false;
  });
}

invoker::CallOutcome RuntimeClientTest::post(std::chrono::milliseconds time,
                                             const std::string& body) {
  return client_->post("/run", body, clock_.now() + time, bounds_, retry_);
}

}  // namespace invoker_http
