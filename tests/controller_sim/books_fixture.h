// Books with one healthy invoker and one action, and acknowledgements to feed them.
#pragma once

#include <gtest/gtest.h>

#include "controller_sim/books.h"

namespace controller_sim {

class BooksFixture : public testing::Test {
 protected:
  BooksFixture();

  // Starts anew with what a test has changed in `config_`.
  void restart();
  // Sends call `number` to invoker 0; its id.
  std::string send(std::uint64_t number = 0, bool blocking = true);
  const Entry& entry(const std::string& id) const { return *books_->find(id); }

  // As an invoker must answer.
  AckedActivation activation(const std::string& id) const;
  Ack result(const std::string& id) const;
  Ack completion(const std::string& id) const;
  Ack combined(const std::string& id) const;
  // The record as it must be stored.
  base::Json record(const std::string& id) const;
  Event event(const std::string& id) const;

  void take(const Ack& ack, base::milliseconds after = base::milliseconds(10));
  // Result and completion.
  void answer(const std::string& id);
  // The breaches so far are these, once each.
  void expect_breaches(const std::vector<BreachKind>& kinds) const;

  base::Instant now_{std::chrono::seconds(1000)};
  BooksConfig config_;
  std::optional<Breaches> breaches_;
  std::optional<Balancer> balancer_;
  std::optional<Books> books_;
  Random random_{1};
};

}  // namespace controller_sim
