// The time of one decision, by the number of nodes and by what is known.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "invoker_locality/card_codec.h"
#include "invoker_locality/placement.h"

namespace {

using invoker_locality::action_hash;
using invoker_locality::Ask;
using invoker_locality::decode;
using invoker_locality::encode;
using invoker_locality::Era;
using invoker_locality::FleetView;
using invoker_locality::NodeCard;
using invoker_locality::OwnState;
using invoker_locality::Placement;
using invoker_locality::VolumeBytes;

const base::Instant kNow = base::Instant() + std::chrono::hours(1);
constexpr std::int64_t kMiB = 1 << 20;

NodeCard card_of(int id) {
  NodeCard card;
  card.life = {id, 1};
  card.version = 1;
  card.name = "invoker" + std::to_string(id);
  card.address = "10.0.0.1";
  card.port = 10'800;
  card.numbers = {65'536, 32'768, 32'768, 0.4 + id % 7 * 0.05, 5, true};
  for (std::uint64_t i = 0; i < 20; ++i) {
    card.warm.push_back(
        {action_hash("action" + std::to_string((static_cast<std::uint64_t>(id) + i) % 200)), 1});
  }
  for (int i = 0; i < 20; ++i) {
    VolumeBytes volume{.volume = "guest/v" + std::to_string(100 + (id + i) % 200), .prefixes = {}};
    volume.prefixes.push_back({.path = "", .sealed = 300 * kMiB});
    for (int year = 2020; year < 2026; ++year) {
      volume.prefixes.push_back({.path = std::to_string(year), .sealed = 50 * kMiB});
    }
    card.volumes.push_back(std::move(volume));
  }
  // Everybody holds something of one volume.
  card.volumes.push_back({"guest/hot", {{.path = "", .cached = 100 * kMiB}}});
  std::ranges::sort(card.volumes, {}, &VolumeBytes::volume);
  return card;
}

FleetView fleet_of(int nodes) {
  FleetView view({.own_instance = 0});
  for (int i = 1; i < nodes; ++i) view.hear(card_of(i), 3'000, Era::kNow, kNow);
  view.tick(kNow);
  return view;
}

void decide(benchmark::State& state, const hints::Hints& hints, const std::string& volume) {
  const FleetView view = fleet_of(static_cast<int>(state.range(0)));
  Placement placement({});
  const NodeCard own_card = card_of(0);
  OwnState own{.free_memory_mb = 1'024, .warm = 1, .volumes = &own_card.volumes};
  const base::Json content = base::Json::object({{"volume", volume}, {"tenant", "t17"}});
  Ask ask;
  ask.namespace_name = "guest";
  ask.action = "guest/a";
  ask.warm_action = action_hash("action7");
  ask.kind = "python:3";
  ask.memory_mb = 256;
  ask.hints = &hints;
  ask.content = &content;
  std::vector<double> times;
  times.reserve(1 << 20);
  std::uint64_t number = 0;
  for (auto _ : state) {
    ask.activation_id = "activation" + std::to_string(++number);
    const auto begun = std::chrono::steady_clock::now();
    benchmark::DoNotOptimize(placement.decide(ask, own, view, kNow));
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begun;
    times.push_back(took.count());
  }
  std::ranges::sort(times);
  state.counters["p50_us"] = times[times.size() / 2];
  state.counters["p99_us"] = times[times.size() * 99 / 100];
}

hints::Hints reading(std::vector<std::string> reads) {
  hints::Hints hints;
  hints.locality = hints::Locality{.reads = std::move(reads), .key = {}};
  return hints;
}

void BM_Nothing(benchmark::State& state) { decide(state, {}, "v107"); }
void BM_OneRead(benchmark::State& state) { decide(state, reading({"{volume}/2024/**"}), "v107"); }
void BM_EightReads(benchmark::State& state) {
  decide(state,
         reading({"{volume}/2024/**", "v101/2020/**", "v102/2021/**", "v103/**", "v104/**",
                  "v105/2022", "v106/2023/**", "hot/**"}),
         "v107");
}
void BM_HotVolume(benchmark::State& state) { decide(state, reading({"hot/**"}), "hot"); }
void BM_Key(benchmark::State& state) {
  hints::Hints hints;
  hints.locality = hints::Locality{.reads = {}, .key = "tenant-{tenant}"};
  decide(state, hints, "v107");
}

void BM_DecodeCard(benchmark::State& state) {
  const std::string bytes = encode(card_of(3));
  for (auto _ : state) benchmark::DoNotOptimize(decode(bytes));
  state.counters["bytes"] = static_cast<double>(bytes.size());
}

void BM_HearCard(benchmark::State& state) {
  FleetView view = fleet_of(static_cast<int>(state.range(0)));
  NodeCard card = card_of(5);
  for (auto _ : state) {
    ++card.version;
    view.hear(card, 3'000, Era::kNow, kNow);
  }
}

BENCHMARK(BM_Nothing)->Arg(1000);
BENCHMARK(BM_OneRead)->Arg(3)->Arg(100)->Arg(1000);
BENCHMARK(BM_EightReads)->Arg(100)->Arg(1000);
BENCHMARK(BM_HotVolume)->Arg(100)->Arg(1000);
BENCHMARK(BM_Key)->Arg(100)->Arg(1000);
BENCHMARK(BM_DecodeCard);
BENCHMARK(BM_HearCard)->Arg(100)->Arg(1000);

}  // namespace

BENCHMARK_MAIN();
