// A broker that one test may kill.
#pragma once

#include <string>

namespace kafka_testing {

// Starts it; stops it and removes its data in the end.
class OwnBroker {
 public:
  OwnBroker();
  ~OwnBroker();
  OwnBroker(const OwnBroker&) = delete;
  OwnBroker& operator=(const OwnBroker&) = delete;

  // Empty where this machine cannot run one; then reason() says why.
  const std::string& address() const { return address_; }
  std::string reason() const;

  void crash() const { run("crash"); }    // SIGKILL
  void resume() const { run("resume"); }  // the same port and data
  void freeze() const;                    // it stands still
  void thaw() const;

 private:
  void run(const std::string& what) const;
  void signal(int number) const;
  std::string first_line(const std::string& file) const;

  std::string folder_;
  std::string address_;
};

}  // namespace kafka_testing
