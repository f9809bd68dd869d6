// The annotation of a record, and what people read of it.
#include "invoker_locality/note.h"

#include <gtest/gtest.h>

#include "cards.h"

namespace {

using cards::kMiB;
using cards::kNow;
using invoker_locality::Decision;
using invoker_locality::explain;
using invoker_locality::Note;
using invoker_locality::note_from;
using invoker_locality::note_of;
using invoker_locality::Outcome;

Decision decision(std::int64_t here, std::int64_t there) {
  Decision result;
  result.has_reasons = true;
  result.call.memory_mb = 256;
  result.call.needs = {{hints::ResidentKind::kFiles, "photos/2024", 256 * kMiB}};
  hints::Candidate own;
  own.here = true;
  own.free_memory_mb = 1024;
  own.local_bytes = {here};
  hints::Candidate peer = own;
  peer.here = false;
  peer.node = 2;
  peer.local_bytes = {there};
  result.candidates = {own, peer};
  hints::Costs costs;
  costs.bringing[0] = {0, 0.774 * static_cast<double>(kMiB)};
  result.ranking = hints::rank(result.call, result.candidates, costs, kNow);
  return result;
}

TEST(Note, TellsHandOffHitAndMiss) {
  const Note moved = note_of(decision(0, 240 * kMiB), 0, 2, 0.031, 0);
  EXPECT_EQ(moved.outcome, Outcome::kHandoff);
  EXPECT_EQ(explain(moved),
            "ran on invoker2: 240 of 256 MiB of photos/2024 are there; invoker0 would have cost "
            "+309 ms; handed over by invoker0");
  EXPECT_EQ(note_of(decision(0, 240 * kMiB), 0, 0, 0, 0).outcome, Outcome::kMiss);
  EXPECT_EQ(note_of(decision(240 * kMiB, 0), 0, 0, 0, 0).outcome, Outcome::kHit);
  EXPECT_EQ(note_of(decision(200 * kMiB, 0), 0, 0, 0, 0).outcome, Outcome::kMiss);
}

TEST(Note, ComesBackFromTheRecordAsItWas) {
  const Note note = note_of(decision(0, 240 * kMiB), 0, 2, 0.031, 12.5);
  const base::Json json = invoker_locality::to_json(note);
  const auto parsed = base::Json::parse(json.to_string());
  ASSERT_TRUE(parsed.ok());
  const auto read = note_from(*parsed);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(explain(*read), explain(note));
  EXPECT_EQ(invoker_locality::to_json(*read), json);
  EXPECT_LT(json.to_string().size(), 300U);
}

TEST(Note, WhatSomebodyElseWroteIsRefusedOrBounded) {
  for (const char* text : {"7", "{}", R"({"result":"lost"})", R"({"result":7})", "null"}) {
    const auto json = base::Json::parse(text);
    ASSERT_TRUE(json.ok());
    EXPECT_FALSE(note_from(*json).ok()) << text;
  }
  const auto wild = base::Json::parse(
      R"({"result":"hit","from":-5,"to":1e99,"bytesLocal":-1,"decisionMs":1e999,
          "why":{"bytes":10,"local":1000,"what":7,"ms":"x","other":[],"container":"odd"}})");
  ASSERT_TRUE(wild.ok());
  const auto note = note_from(*wild);
  ASSERT_TRUE(note.ok());
  EXPECT_EQ(note->from, 0);
  EXPECT_EQ(note->reasons.bytes_local, 10);
  EXPECT_FALSE(explain(*note).empty());
}

}  // namespace
