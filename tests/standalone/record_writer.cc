// Writes activation records and entities into the folder given, and prints the id of each once the
// store says that it is safe. It never ends by itself.
#include <unistd.h>

#include <cstdio>
#include <string>

#include "base/clock.h"
#include "standalone/ids.h"
#include "standalone/sqlite_activation_store.h"
#include "standalone/sqlite_entity_store.h"

namespace {

void say(const std::string& line) { CHECK(::write(1, line.data(), line.size()) > 0); }

standalone::ActivationRecord next_record(standalone::IdSource& ids) {
  standalone::ActivationRecord record;
  record.namespace_name = "guest";
  record.activation_id = ids.activation_id();
  record.filter_name = "hello";
  record.document = R"({"activationId":")" + record.activation_id + R"(","padding":")" +
                    std::string(500, 'x') + "\"}";
  return record;
}

}  // namespace

int main(int /*argc*/, char** argv) {
  const std::string folder = argv[1];
  const base::SystemClock clock;
  standalone::RandomIds ids;
  standalone::ActivationStoreConfig config;
  config.file = folder + "/activations.db";
  auto activations = standalone::open_sqlite_activation_store(config, clock).value();
  auto entities = standalone::open_sqlite_entity_store(folder + "/entities.db").value();
  for (int i = 0;; ++i) {
    standalone::ActivationRecord record = next_record(ids);
    const std::string id = record.activation_id;
    // Every third stays under way for ever.
    if (i % 3 == 0) {
      activations->accept(std::move(record), [id](const base::Status& status) {
        if (status.ok()) say("u" + id + "\n");
      });
      continue;
    }
    activations->put(std::move(record), [id](const base::Status& status) {
      if (status.ok()) say("a" + id + "\n");
    });
    if (i % 50 != 0) continue;
    standalone::Entity entity;
    entity.namespace_name = "guest";
    entity.id = "guest/" + id;
    entity.document = base::Json::object({{"name", id}});
    entity.attachment = std::string(20'000, 'c');
    if (entities->put(entity).ok()) say("e" + id + "\n");
  }
}
