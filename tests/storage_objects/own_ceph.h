// A Ceph that one test program may take apart.
#pragma once

#include <string>

#include "storage_ceph/ceph_store.h"
#include "testing/scratch_folder.h"

namespace storage_objects {

// Starts it, without a manager; stops it and removes its data in the end.
class OwnCeph {
 public:
  OwnCeph();
  ~OwnCeph();
  OwnCeph(const OwnCeph&) = delete;
  OwnCeph& operator=(const OwnCeph&) = delete;

  // Empty where it runs; else why this machine cannot.
  const std::string& reason() const { return reason_; }
  storage_ceph::CephOptions options() const;

  void kill(const std::string& daemon) const { run("kill " + daemon); }  // SIGKILL
  void revive(const std::string& daemon) const { run("revive " + daemon); }
  void freeze(const std::string& daemon) const { run("freeze " + daemon); }  // SIGSTOP
  void thaw(const std::string& daemon) const { run("thaw " + daemon); }
  // What `ceph COMMAND` of its administrator does.
  void administer(const std::string& command) const;

 private:
  void run(const std::string& what) const;

  const testing_support::ScratchFolder folder_;
  std::string reason_;
};

}  // namespace storage_objects
