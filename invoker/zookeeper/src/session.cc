#include "session.h"

#include <array>
#include <cerrno>
#include <tuple>
#include <utility>

namespace invoker_zookeeper {
namespace {

using base::Error;
using base::ErrorCode;

// Also how long a call waits for a server that has fallen silent.
constexpr int kSessionMs = 10'000;
// An id has four bytes, and five with those of a sign; what is longer is none.
constexpr int kBytesMax = 64;

ErrorCode code_of(int error) {
  switch (error) {
    case ZNONODE:
      return ErrorCode::kNotFound;
    case ZNODEEXISTS:
    case ZBADVERSION:
      return ErrorCode::kConflict;
    case ZNOAUTH:
    case ZAUTHFAILED:
      return ErrorCode::kPermissionDenied;
    case ZBADARGUMENTS:
      return ErrorCode::kInvalidArgument;
    default:
      return ErrorCode::kUnavailable;
  }
}

Error error_of(int error, const std::string& what) {
  return {code_of(error), "ZooKeeper: " + what + ": " + zerror(error)};
}

zhandle_t* init(const std::string& hosts, watcher_fn on_event, void* context) {
  // Its errors come back from its calls; its log would go to standard error, and names addresses in
  // a buffer that all its threads share.
  static const bool quiet = (zoo_set_debug_level(static_cast<ZooLogLevel>(0)), true);
  std::ignore = quiet;
  errno = 0;
  return zookeeper_init(hosts.c_str(), on_event, kSessionMs, nullptr, context, 0);
}

struct Strings : String_vector {
  Strings() : String_vector{} {}
  ~Strings() { deallocate_String_vector(this); }
  Strings(const Strings&) = delete;
  Strings& operator=(const Strings&) = delete;
};

zoo_op_t operation(const Change& change) {
  zoo_op_t op{};
  const int size = static_cast<int>(change.bytes.size());
  switch (change.kind) {
    case Change::Kind::kCreate:
      zoo_create_op_init(&op, change.path.c_str(), change.bytes.data(), size, &ZOO_OPEN_ACL_UNSAFE,
                         0, nullptr, 0);
      break;
    case Change::Kind::kSet:
      zoo_set_op_init(&op, change.path.c_str(), change.bytes.data(), size, change.version, nullptr);
      break;
    case Change::Kind::kRemove:
      zoo_delete_op_init(&op, change.path.c_str(), change.version);
      break;
  }
  return op;
}

}  // namespace

base::Result<std::unique_ptr<Session>> Session::open(const std::string& hosts,
                                                     base::Instant deadline) {
  std::unique_ptr<Session> session(new Session());
  session->handle_.reset(init(hosts, on_event, session.get()));
  if (!session->handle_) {
    // It answers so for a name that does not resolve and for what is no address at all.
    const Error reason = base::error_from_errno(errno, "ZooKeeper hosts \"" + hosts + "\"");
    return Error{errno == EINVAL ? ErrorCode::kInvalidArgument : ErrorCode::kUnavailable,
                 reason.message};
  }
  TRY_STATUS(session->await_connection(hosts, deadline));
  return session;
}

void Session::on_event(zhandle_t*, int type, int state, const char*, void* self) {
  if (type != ZOO_SESSION_EVENT) return;
  auto* session = static_cast<Session*>(self);
  const std::lock_guard lock(session->mutex_);
  session->state_ = state;
  session->changed_.notify_all();
}

base::Status Session::await_connection(const std::string& hosts, base::Instant deadline) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline, [&] {
    return state_ == ZOO_CONNECTED_STATE || state_ == ZOO_AUTH_FAILED_STATE;
  });
  if (state_ == ZOO_CONNECTED_STATE) return {};
  if (state_ == ZOO_AUTH_FAILED_STATE)
    return Error{ErrorCode::kPermissionDenied, "ZooKeeper at " + hosts + " does not know us"};
  return Error{ErrorCode::kUnavailable, "ZooKeeper at " + hosts + " did not answer in time"};
}

base::Result<Node> Session::get(const std::string& path) {
  std::array<char, kBytesMax> bytes{};
  int size = kBytesMax;
  Stat stat{};
  if (const int error = zoo_get(handle_.get(), path.c_str(), 0, bytes.data(), &size, &stat);
      error != ZOK)
    return error_of(error, path);
  // Of a longer node the first bytes are here: enough to see that it is no id.
  return Node{size <= 0 ? std::string() : std::string(bytes.data(), static_cast<std::size_t>(size)),
              stat.version};
}

base::Result<std::vector<std::string>> Session::children(const std::string& path) {
  Strings names;
  const int error = zoo_get_children(handle_.get(), path.c_str(), 0, &names);
  if (error == ZNONODE) return std::vector<std::string>();
  if (error != ZOK) return error_of(error, path);
  return std::vector<std::string>(names.data, names.data + names.count);
}

base::Status Session::change(const std::vector<Change>& changes) {
  std::vector<zoo_op_t> operations;
  operations.reserve(changes.size());
  for (const Change& one : changes) operations.push_back(operation(one));
  std::vector<zoo_op_result_t> results(changes.size());
  const int error = zoo_multi(handle_.get(), static_cast<int>(operations.size()), operations.data(),
                              results.data());
  if (error == ZOK) return {};
  Error reason = error_of(error, "change of " + changes.back().path);
  if (error == ZNONODE) reason.code = ErrorCode::kConflict;  // somebody took it away
  return reason;
}

base::Status Session::ensure(const std::string& path, const std::string& bytes) {
  if (const auto parent = path.rfind('/'); parent > 0) {
    const std::string above = path.substr(0, parent);
    if (zoo_exists(handle_.get(), above.c_str(), 0, nullptr) != ZOK)
      TRY_STATUS(ensure(above, std::string()));
  }
  const int error = zoo_create(handle_.get(), path.c_str(), bytes.data(),
                               static_cast<int>(bytes.size()), &ZOO_OPEN_ACL_UNSAFE, 0, nullptr, 0);
  if (error == ZOK || error == ZNODEEXISTS) return {};
  if (error == ZNONODE)
    return Error{ErrorCode::kInvalidArgument,
                 "ZooKeeper: the root that the hosts end with does not exist"};
  return error_of(error, path);
}

}  // namespace invoker_zookeeper
