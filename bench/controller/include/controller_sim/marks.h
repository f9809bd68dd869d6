// Marks that runs of actions leave: lines with an activation id, in a file or sent to a listener.
#pragma once

#include <mutex>
#include <string>
#include <thread>

#include "base/result.h"
#include "base/unique_fd.h"
#include "controller_sim/losses.h"

namespace controller_sim {

// Counts the lines of a file. A file that is not there has none.
Marks read_marks(const std::string& path);

// Takes one line of each connection, and answers with one byte when it is counted.
//
// Threads: its own for the connections; any for the methods.
class MarkListener {
 public:
  // Listens at this address and port, 0 for any free one. Errors: kInvalidArgument, kAlreadyExists.
  static base::Result<std::unique_ptr<MarkListener>> listen(const std::string& address,
                                                            std::uint16_t port);

  std::uint16_t port() const { return port_; }
  Marks marks() const;

 private:
  MarkListener(base::UniqueFd socket, std::uint16_t port);
  void serve(const std::stop_token& stop);
  void take_line(int connection);

  base::UniqueFd socket_;
  std::uint16_t port_;
  mutable std::mutex mutex_;  // guards marks_
  Marks marks_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace controller_sim
