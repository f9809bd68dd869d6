// Stores records whose database is away, says so, and waits to be killed: PORT FOLDER COUNT.
#include <unistd.h>

#include <cstdio>
#include <string>

#include "base/log.h"
#include "invoker_couchdb/couch_activations.h"

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const base::SystemClock clock;
  base::DiscardSink sink;
  const base::Logger log(sink, clock);
  invoker_couchdb::CouchActivationsConfig config;
  config.couch.host = "127.0.0.1";
  config.couch.port = std::stoi(argv[1]);
  config.spill_folder = argv[2];
  config.retry_first = std::chrono::milliseconds(1);
  config.retry_max = std::chrono::milliseconds(50);
  auto store = invoker_couchdb::CouchActivations::open(std::move(config), log).value();
  const int count = std::stoi(argv[3]);
  for (int i = 0; i < count; ++i) {
    const std::string id = "killed/" + std::to_string(i);
    if (!store->store({id, R"({"_id":")" + id + R"("})"})) return 1;
  }
  while (store->stats().spilled < static_cast<std::uint64_t>(count)) ::usleep(1000);
  std::puts("stored");
  std::fflush(stdout);
  ::pause();
}
