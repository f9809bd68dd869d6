// A file system under measurement, as two nodes see it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "base/result.h"

namespace volumes_bench {

using Path = std::filesystem::path;

// Two nodes: daemons or clients of their own, with caches of their own, on one machine.
enum Node { kNodeA = 0, kNodeB = 1 };

// A volume as one activation sees it on one node. Dropping it without finish() is a failed one.
class Activation {
 public:
  virtual ~Activation() = default;
  virtual const Path& root() const = 0;
  // It succeeded: what it wrote is what the next one finds. Once.
  virtual base::Status finish() = 0;
};

struct Traits {
  bool two_nodes = true;       // kNodeB sees it through something else than kNodeA
  bool ours = false;           // measured in more rounds, with more files
  bool transactional = false;  // nothing of an activation is seen before its end
};

// Threads: begin() and interrupt() from any.
class Subject {
 public:
  Subject(std::string name, Traits traits) : name_(std::move(name)), traits_(traits) {}
  virtual ~Subject() = default;
  Subject(const Subject&) = delete;
  Subject& operator=(const Subject&) = delete;

  const std::string& name() const { return name_; }
  const Traits& traits() const { return traits_; }
  // Errors: why it cannot be used.
  virtual base::Result<std::unique_ptr<Activation>> begin(Node node, const std::string& volume) = 0;
  // What hangs in it comes back with an error, and all that follows.
  virtual void interrupt() = 0;

 private:
  const std::string name_;
  const Traits traits_;
};

// Directories that are mounted already: a volume is a directory in them.
std::unique_ptr<Subject> mounted_subject(std::string name, Traits traits, const Path& node_a,
                                         const Path& node_b);

}  // namespace volumes_bench
