// The process that runs the user's code, spoken to by the ActionLoop convention: one line into its
// standard input, one line out of its descriptor 3.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "line_reader.h"

namespace proxy {

using Variables = std::vector<std::pair<std::string, std::string>>;

struct ChildOptions {
  std::vector<std::string> arguments;
  Variables environment;  // beside the proxy's own
  std::string directory = "/";
  bool capture_stdout = false;  // through a pipe of ours instead of straight into the log
};

// As the first process of its namespace the proxy inherits every orphan: whoever has ended is
// reaped here. `children` is a signalfd for SIGCHLD, non-blocking; SIGCHLD is blocked.
void reap_orphans(int children);

class Child {
 public:
  static base::Result<Child> start(const ChildOptions& options, int children);
  // One that runs already: a child of this process that reads `input` and writes to `answers`.
  static Child adopt(pid_t pid, base::UniqueFd input, base::UniqueFd answers, int children);

  enum class End {
    kLine,
    kExited,
    kClosed,
    kUnasked,  // a line was there before anything was asked: `text` has not been written
    kTooMany,  // more than the one line that was asked for
  };
  struct Answer {
    End end;
    std::string line;  // kLine only
  };
  // Writes `text` and waits for a line, for the child's end, or for the end of its descriptor 3.
  // A line too many would be taken for the answer to the next question, so it is told.
  Answer exchange(std::string text);

  // Looks after what happened meanwhile; false when the child has ended.
  bool tend();
  // Waits until the child has ended.
  void wait_for_end();
  int wait_status() const { return wait_status_; }

  // What the child wrote to its standard output, where that is captured.
  LineReader& output() { return output_lines_; }
  int output_fd() const { return output_.get(); }
  void read_output();

 private:
  void settle_fds();
  void reap();
  bool push(std::string& text);

  int children_ = -1;
  pid_t pid_ = -1;
  bool alive_ = true;
  int wait_status_ = 0;
  base::UniqueFd input_, answers_, output_;
  LineReader answer_lines_, output_lines_;
};

}  // namespace proxy
