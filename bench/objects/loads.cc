#include "loads.h"

#include <chrono>
#include <semaphore>

#include "base/check.h"

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;
using storage::ObjectId;
using storage::ObjectWrite;
using storage::Pool;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

ObjectWrite commit_of(int values, int round, const std::string& head) {
  ObjectWrite change;
  change.omap_equals = {{"head", head}};
  change.omap_set["head"] = std::to_string(round);
  for (int i = 0; i < values; ++i) {
    change.omap_set["name" + std::to_string(round) + "." + std::to_string(i)] =
        std::string(kValueBytes, static_cast<char>('a' + i % 26));
  }
  return change;
}

}  // namespace

double commit_ms(storage::ObjectStore& store, const std::string& space, int values, int rounds) {
  const ObjectId id{Pool::kMetadata, space, "vol" + std::to_string(values)};
  CHECK(store.write(id, {.omap_set = {{"head", "0"}}}).ok());
  double all_ms = 0;
  for (int round = 1; round <= rounds; ++round) {
    ObjectWrite change = commit_of(values, round, std::to_string(round - 1));
    const auto start = Clock::now();
    CHECK(store.write(id, std::move(change)).ok());
    all_ms += ms_since(start);
  }
  CHECK(store.write(id, {.remove = true}).ok());
  return all_ms / rounds;
}

double upload_mib_s(storage::ObjectStore& store, const std::string& space) {
  std::counting_semaphore<> free(kUnderWay);
  const std::string bytes(kObjectBytes, 'x');
  const auto start = Clock::now();
  for (std::size_t i = 0; i < kObjects; ++i) {
    free.acquire();
    store.write({Pool::kData, space, std::to_string(i)}, {.absent = true, .data = bytes},
                [&](const auto& written) {
                  CHECK(written.ok());
                  free.release();
                });
  }
  for (std::size_t i = 0; i < kUnderWay; ++i) free.acquire();
  const double ms = ms_since(start);
  for (std::size_t i = 0; i < kObjects; ++i) {
    CHECK(store.write({Pool::kData, space, std::to_string(i)}, {.remove = true}).ok());
  }
  return static_cast<double>(kObjects * (kObjectBytes >> 20)) / ms * 1000;
}

}  // namespace bench
