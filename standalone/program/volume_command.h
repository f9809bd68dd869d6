// `larder volume`: what is in the volumes of larder-storaged.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "storage_control/client.h"

namespace CLI {
class App;
}

namespace program {

// A volume, or a file in one: "NAMESPACE/VOLUME:PATH"; "VOLUME" is of the namespace guest. Errors:
// kInvalidArgument.
base::Result<storage_control::Place> parse_place(const std::string& text);

class VolumeCommand {
 public:
  void add_to(CLI::App& app);
  bool parsed() const;
  // The exit status.
  int run();

 private:
  base::Status run_parsed();
  base::Result<std::unique_ptr<storage_control::ControlClient>> connect() const;
  base::Status list(storage_control::ControlClient& client) const;
  base::Status copy(storage_control::ControlClient& client) const;
  static base::Status show_metrics(storage_control::ControlClient& client);
  // Asks, and prints the answer as it is.
  base::Status show(storage_control::ControlClient& client,
                    const storage_control::Call& call) const;

  CLI::App* volume_ = nullptr;
  CLI::App *ls_ = nullptr, *stat_ = nullptr, *du_ = nullptr, *cp_ = nullptr, *rm_ = nullptr,
           *gc_ = nullptr, *fsck_ = nullptr, *metrics_ = nullptr, *share_ = nullptr,
           *unshare_ = nullptr;
  std::filesystem::path socket_;
  std::string place_, from_, to_, with_;
  bool whole_volume_ = false, repair_ = false, json_ = false, make_volume_ = false,
       read_only_ = false;
};

}  // namespace program
