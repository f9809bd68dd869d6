// What is asked of a Docker daemon, over its unix socket.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "answers.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "invoker_docker/docker_factory.h"
#include "invoker_http/http_client.h"
#include "invoker_http/http_stream.h"

namespace invoker_docker {

struct LogQuery {
  base::WallTime since;  // the epoch: from the beginning
  bool follow = false;
  base::Instant end;
  base::milliseconds quiet_max;
};

// Threads: any. Time: each call has the limit that the configuration gives it. `cancelled`, where
// given, ends a call within a second of becoming true (kUnavailable): whether the daemon has done
// it is not known then, as after a deadline.
// Errors: kUnavailable (no daemon), kDeadlineExceeded, kNotFound, kConflict, kInvalidArgument as
// the daemon says, kInternal for all else it says.
class EngineApi {
 public:
  using Flag = const std::atomic<bool>*;

  // Asks the daemon for its version. Errors: kUnsupported when it is too old.
  static base::Result<std::unique_ptr<EngineApi>> connect(const std::string& socket,
                                                          const DockerTimeouts& timeouts);

  // The id. kNotFound: there is no such image. kConflict: the name is taken.
  base::Result<std::string> create(const std::string& name, const base::Json& body,
                                   Flag cancelled = nullptr) const;
  base::Status start(const std::string& id, Flag cancelled = nullptr) const;
  base::Result<Inspected> inspect(const std::string& id, const std::string& network,
                                  Flag cancelled = nullptr) const;
  // The bridge of that network on the daemon's host; "" for one that has none. Time: a second.
  base::Result<std::string> bridge_of(const std::string& network) const;
  // Ended and gone when it returns; false: it was not there. `id` may be a name.
  base::Result<bool> remove_if_there(const std::string& id) const;
  // The same, where that it was gone before is success.
  base::Status remove(const std::string& id) const;
  base::Status pause(const std::string& id) const;
  base::Status unpause(const std::string& id) const;
  base::Status kill(const std::string& id) const;
  // Those whose name begins with `name_prefix`, whatever their state.
  base::Result<std::vector<Listed>> list(const std::string& name_prefix) const;
  // `image` is a name with its tag.
  base::Status pull(const std::string& image, const std::string& tag,
                    Flag cancelled = nullptr) const;

  // Feeds the frames of the container's logs, with time stamps, until `sink` has enough.
  using Sink = invoker_http::HttpStream::Sink;
  base::Status read_logs(const std::string& id, const LogQuery& query, const Sink& sink) const;
  // Feeds events of containers that ended or were paused after `since`, a line each, until
  // stream.stop(). Always ends with an error; kDeadlineExceeded when nothing came for `quiet_max`.
  base::Status follow_events(invoker_http::HttpStream& stream, base::WallTime since,
                             base::milliseconds quiet_max, const Sink& sink) const;
  // Whether the daemon answers at all. Time: five seconds.
  base::Status ping() const;
  const invoker_http::HttpTarget& target() const { return target_; }

 private:
  EngineApi(invoker_http::HttpTarget target, const DockerTimeouts& timeouts)
      : target_(std::move(target)), timeouts_(timeouts), client_(target_) {}

  base::Result<std::string> call(const std::string& method, const std::string& path,
                                 base::milliseconds time, std::string body = "",
                                 Flag cancelled = nullptr) const;
  base::Status act(const std::string& id, const std::string& what, base::milliseconds time,
                   Flag cancelled = nullptr) const;

  const invoker_http::HttpTarget target_;
  const DockerTimeouts timeouts_;
  std::string root_;                         // "/v1.41"
  mutable invoker_http::HttpClient client_;  // safe for any thread
};

// Percent-encoding of a value in a query.
std::string encoded(std::string_view text);

}  // namespace invoker_docker
