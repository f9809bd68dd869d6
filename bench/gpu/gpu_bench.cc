// The guest's functions over each transport, as ratios to the bare transport in the same run:
// `bench_gpu`, or `bench_gpu tcp` for one of unix, tcp, ring, or `bench_gpu far` for the network
// that is far away.
#include <sys/mman.h>

#include <cstdio>
#include <string>

#include "base/check.h"
#include "client.h"
#include "delay_proxy.h"
#include "raw.h"
#include "servers.h"
#include "testing/scratch_folder.h"

namespace {

using namespace bench_gpu;  // NOLINT(google-build-using-namespace): a program of one page

// Where a child process puts what it found.
template <typename T>
T& shared() {
  void* const memory =
      ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(memory != MAP_FAILED);
  return *new (memory) T{};
}

void result(const std::string& what, double reached, const char* sign, double must) {
  const bool held = std::string_view(sign) == "<=" ? reached <= must : reached >= must;
  std::printf("RESULT|%s|%.2f|%s %.2f|%s\n", what.c_str(), reached, sign, must,
              held ? "yes" : "no");
}

void near(const std::string& kind, const std::string& folder) {
  const Server raw(kind, folder + "/raw", serve_raw);
  const Server session(kind, folder + "/session", serve_session);
  auto& f = shared<Figures>();
  Process([&] { f = measure(session.text(), raw.endpoint()); }).wait();
  std::printf(
      "%s: round trip %.2f us raw, %.2f us blocking call; launch %.3f us; GB/s raw %.2f / %.2f, "
      "copies %.2f / %.2f\n",
      kind.c_str(), f.raw_us, f.call_us, f.launch_us, f.raw_out, f.raw_in, f.copy_in, f.copy_out);
  const bool ring = kind == "ring";
  result("gpu, " + kind + ": blocking call / raw round trip", f.call_us / f.raw_us,
         "<=", ring ? 3.0 : 2.5);
  result("gpu, " + kind + ": asynchronous launch, us", f.launch_us, "<=", ring ? 0.6 : 1.0);
  result("gpu, " + kind + ": 1000 launches + synchronise, round trips",
         static_cast<double>(f.calls), "<=", 2);
  result("gpu, " + kind + ": 1000 launches + synchronise, flushes", static_cast<double>(f.flushes),
         "<=", 20);
  result("gpu, " + kind + ": 64 MiB to the device / raw stream", f.copy_in / f.raw_out, ">=", 0.85);
  result("gpu, " + kind + ": 64 MiB from the device / raw stream", f.copy_out / f.raw_in,
         ">=", 0.85);
}

double rate_through(const Server& session, std::chrono::milliseconds each_way) {
  const Server proxy("tcp", "", [&](gpu_wire::Transport& client) {
    auto server = gpu_wire::connect(session.endpoint(), std::chrono::seconds(5));
    CHECK(server.ok());
    pass_on(client, **server, each_way);
  });
  auto& rate = shared<double>();
  Process([&] { rate = launch_rate(proxy.text()); }).wait();
  return rate;
}

void far() {
  const Server session("tcp", "", serve_session);
  const double without = rate_through(session, std::chrono::milliseconds(0));
  std::printf("through a proxy: %.0f launches/s without delay\n", without);
  for (const int ms : {1, 10, 50}) {
    const double with = rate_through(session, std::chrono::milliseconds(ms));
    std::printf("through a proxy: %.0f launches/s with %d ms each way\n", with, ms);
    result("gpu, launches/s with " + std::to_string(ms) + " ms each way / without", with / without,
           ">=", 0.9);
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const std::string only = argc > 1 ? argv[1] : "";
  for (const char* kind : {"unix", "tcp", "ring"}) {
    const testing_support::ScratchFolder folder;
    if (only.empty() || only == kind) near(kind, folder.path());
  }
  if (only.empty() || only == "far") far();
  return 0;
}
