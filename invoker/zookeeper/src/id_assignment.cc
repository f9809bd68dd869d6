#include "invoker_zookeeper/id_assignment.h"

#include <algorithm>
#include <thread>

#include "id_book.h"

namespace invoker_zookeeper {
namespace {

using base::Error;
using base::ErrorCode;
using base::Instant;

constexpr std::chrono::milliseconds kBetweenTries{500};

base::Status check(const IdRequest& request) {
  const auto& hosts = request.hosts;
  if (hosts.empty() || hosts.front() == ':' || hosts.back() == ':')
    return Error{ErrorCode::kInvalidArgument,
                 "ZOOKEEPER_HOSTS is \"" + hosts + "\", expected host:port,host:port"};
  const auto& name = request.unique_name;
  const bool one_node =
      !name.empty() && name != "." && name != ".." &&
      std::ranges::none_of(name, [](unsigned char c) { return c == '/' || c < 0x20 || c == 0x7f; });
  if (!one_node)
    return Error{ErrorCode::kInvalidArgument,
                 "the unique name \"" + name + "\" cannot be the name of a node in ZooKeeper"};
  if (request.overwrite_id && *request.overwrite_id < 0)
    return Error{ErrorCode::kInvalidArgument, "an id cannot be negative"};
  return {};
}

base::Result<std::int32_t> try_once(IdBook& book, const IdRequest& request) {
  if (request.overwrite_id) return book.overwrite(request.unique_name, *request.overwrite_id);
  TRY(const auto known, book.find(request.unique_name));
  if (known) return *known;
  return book.add(request.unique_name);
}

}  // namespace

base::Result<std::int32_t> assign_id(const IdRequest& request) {
  TRY_STATUS(check(request));
  const Instant deadline = std::chrono::steady_clock::now() + request.time;
  TRY(const auto session, Session::open(request.hosts, deadline));
  IdBook book(*session);
  while (true) {
    auto id = try_once(book, request);
    if (id.ok()) return id;
    const ErrorCode code = id.error().code;
    const bool again = code == ErrorCode::kConflict || code == ErrorCode::kUnavailable;
    if (!again || std::chrono::steady_clock::now() + kBetweenTries >= deadline) return id;
    // What was sent before the connection went may have arrived: the next try reads it first.
    if (code == ErrorCode::kUnavailable) std::this_thread::sleep_for(kBetweenTries);
  }
}

}  // namespace invoker_zookeeper
