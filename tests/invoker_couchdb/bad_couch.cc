#include "bad_couch.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <thread>

#include "base/json.h"
#include "base/unique_fd.h"

namespace couch_tests {

using base::Json;
using testing_support::http_answer;
using testing_support::send_text;

invoker_couchdb::CouchSettings settings_for(int port) {
  invoker_couchdb::CouchSettings settings;
  settings.host = "127.0.0.1";
  settings.port = port;
  return settings;
}

std::string action_document(std::string_view revision, std::string_view code_json) {
  return R"({"_id":"guest/hello","_rev":")" + std::string(revision) +
         R"(","entityType":"action","namespace":"guest","name":"hello","exec":{"kind":"nodejs:20",)"
         R"("code":)" +
         std::string(code_json) +
         R"(,"binary":false},"parameters":[],"limits":{"timeout":60000,"memory":256},)"
         R"("version":"0.0.1","publish":false,"annotations":[],"updated":1})";
}

int free_port() {
  const base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return 0;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(fd.get(), generic, length) != 0) return 0;
  if (::getsockname(fd.get(), generic, &length) != 0) return 0;
  return ntohs(address.sin_port);
}

// Whether the answer has all that it announces: otherwise the connection has to be closed.
static bool is_whole(std::string_view answer) {
  constexpr std::string_view kLength = "Content-Length: ";
  const auto length = answer.find(kLength);
  const auto head_end = answer.find("\r\n\r\n");
  if (length == std::string_view::npos || head_end == std::string_view::npos) return false;
  const std::string announced(answer.substr(length + kLength.size(), 10));
  return std::stoul(announced) == answer.size() - head_end - 4;
}

BulkServer::BulkServer()
    : server_([this](const HttpRequest& request, int fd) { return answer(request, fd); },
              ActionServer::Transport::kTcp) {}

void BulkServer::set_override(Override override) {
  const std::lock_guard lock(mutex_);
  override_ = std::move(override);
}

std::set<std::string> BulkServer::ids() const {
  const std::lock_guard lock(mutex_);
  return ids_;
}

std::size_t BulkServer::largest_request() const {
  const std::lock_guard lock(mutex_);
  return largest_;
}

bool BulkServer::answer(const HttpRequest& request, int fd) {
  const Json body = Json::parse(request.body).value();
  const Json::Array& documents = body.find("docs")->items();
  Override override;
  {
    const std::lock_guard lock(mutex_);
    override = override_;
  }
  if (override) {
    const std::string text = override(request, documents.size());
    if (text == "hang") {
      testing_support::wait_for_hang_up(fd);
      return false;
    }
    if (!text.empty()) return send_text(fd, text) && is_whole(text) && !closes_;
  }
  Json items = Json::array();
  const std::lock_guard lock(mutex_);
  largest_ = std::max(largest_, documents.size());
  for (const Json& document : documents) {
    const std::string& id = document.find("_id")->as_string();
    const bool fresh = ids_.insert(id).second;
    items.append(fresh ? Json::object({{"ok", true}, {"id", id}, {"rev", "1-a"}})
                       : Json::object({{"id", id}, {"error", "conflict"}, {"reason", "x"}}));
  }
  return send_text(fd, http_answer(201, items.to_string()));
}

}  // namespace couch_tests
