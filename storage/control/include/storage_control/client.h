// The other end of the control socket: volumes of larder-storaged for an invoker, and its services
// for people.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "storage/volume_provider.h"
#include "storage_control/protocol.h"

namespace storage_control {

struct ControlClientOptions {
  std::filesystem::path socket;
  // A name of its own, new with each process: attempts of a client that has gone are aborted. "":
  // for people; open() is refused then.
  std::string client;
  // A call goes on over a restart of the daemon, and ends with kUnavailable after that time
  // without an answer.
  std::chrono::milliseconds patience{30'000};
};

// Whether there is a daemon just now.
struct ControlState {
  bool connected = false;
  bool met = false;     // there has been one since the client began
  base::Instant since;  // of `connected`
  std::string error;    // why it is not connected
};

// Threads: any method from any thread; one thread of its own reads answers and connects anew.
// Life: OpenVolumes share what they need of it. Destruction ends the connection.
class ControlClient final : public storage::VolumeProvider {
 public:
  // Errors: kUnavailable when no daemon answers within the patience; kUnsupported for one that
  // speaks another protocol; kPermissionDenied.
  static base::Result<std::unique_ptr<ControlClient>> connect(ControlClientOptions options);
  // Does not wait for the daemon: the first call does.
  static std::unique_ptr<ControlClient> begin(ControlClientOptions options);
  ~ControlClient() override;

  base::Result<std::unique_ptr<storage::OpenVolume>> open(std::string_view namespace_name,
                                                          std::string_view activation_id,
                                                          const hints::Volume& volume,
                                                          uid_t uid) override;

  // Asks nobody, waits for nothing.
  ControlState state() const;

  // A call for people. `descriptor` goes with it (Copy), and stays the caller's. Waits as long as
  // it takes while the daemon lives. kUnavailable when that ends meanwhile.
  base::Result<base::Json> ask(const Call& call, int descriptor = -1);

 private:
  class Impl;
  explicit ControlClient(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace storage_control
