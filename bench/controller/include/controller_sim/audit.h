// What an invoker leaves besides acknowledgements: records in the database, user events. Values in,
// breaches out; no I/O; not thread-safe.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "controller_sim/books.h"

namespace controller_sim {

struct AuditConfig {
  bool events = false;         // user events are switched on
  bool records = true;         // records are looked for
  bool records_wanted = true;  // false: the identity's limits forbid to store them
  std::size_t every = 1;       // only each so-manieth record
};

class Audit {
 public:
  // `books` and `breaches` outlive it.
  Audit(AuditConfig config, const Books& books, Breaches& breaches)
      : config_(config), books_(&books), breaches_(&breaches) {}

  // Others' events are ignored.
  void event(const Event& event);
  // The document of one activation, as stored.
  void record(const std::string& id, const base::Json& document);
  // Nothing more is to come: names what is missing.
  void finish();

  // Completed activations whose record was not seen, in the order sent.
  std::vector<std::string> records_to_look_for() const;
  bool events_complete() const;
  std::size_t records_seen() const { return records_.size(); }
  std::size_t events_seen() const { return events_.size(); }
  bool has_record(const std::string& id) const { return records_.contains(id); }

 private:
  AuditConfig config_;
  const Books* books_;
  Breaches* breaches_;
  std::set<std::string> records_;
  std::set<std::string> events_;
};

}  // namespace controller_sim
