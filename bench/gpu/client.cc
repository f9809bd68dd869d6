#include "client.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <vector>

#include "base/check.h"
#include "guest.h"
#include "raw.h"

extern "C" {
CUresult cuInit(unsigned);
CUresult cuCtxCreate_v2(CUcontext*, unsigned, CUdevice);
CUresult cuStreamSynchronize(CUstream);
CUresult cuModuleLoadData(CUmodule*, const void*);
CUresult cuModuleGetFunction(CUfunction*, CUmodule, const char*);
CUresult cuLaunchKernel(CUfunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
                        unsigned, CUstream, void**, void**);
CUresult cuMemAlloc_v2(CUdeviceptr*, std::size_t);
CUresult cuMemcpyHtoD_v2(CUdeviceptr, const void*, std::size_t);
CUresult cuMemcpyDtoH_v2(void*, CUdeviceptr, std::size_t);
}

namespace bench_gpu {
namespace {

using Clock = std::chrono::steady_clock;
using Samples = std::vector<double>;

constexpr std::size_t kCopyBytes = 64 << 20;
constexpr int kCopyRounds = 9, kPingBlocks = 20, kPingsPerBlock = 300, kLaunchBlocks = 30;

template <typename What>
double seconds(const What& what) {
  const auto begin = Clock::now();
  what();
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double median(Samples samples) {
  const auto middle = samples.begin() + static_cast<std::ptrdiff_t>(samples.size() / 2);
  std::nth_element(samples.begin(), middle, samples.end());
  return *middle;
}

class Program {
 public:
  explicit Program(const std::string& session) {
    ::setenv("LARDER_GPU_ENDPOINT", session.c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
    CUcontext context = nullptr;
    CUmodule module = nullptr;
    CHECK(cuInit(0) == 0);
    CHECK(cuCtxCreate_v2(&context, 0, 0) == 0);
    CHECK(cuModuleLoadData(&module, "kernel add 8 8 8 4\n") == 0);
    CHECK(cuModuleGetFunction(&add_, module, "add") == 0);
  }

  void launch() {
    void* parameters[] = {&a_, &a_, &a_, &n_};
    CHECK(cuLaunchKernel(add_, 4, 1, 1, 256, 1, 1, 0, nullptr, parameters, nullptr) == 0);
  }
  static void synchronize() { CHECK(cuStreamSynchronize(nullptr) == 0); }

 private:
  CUfunction add_ = nullptr;
  std::uint64_t a_ = 0;
  int n_ = 0;
};

void measure_calls(Raw& raw, Figures& figures) {
  Samples floor, calls;
  for (int block = 0; block < kPingBlocks; ++block) {
    for (int i = 0; i < kPingsPerBlock; ++i) floor.push_back(seconds([&] { raw.round_trip(); }));
    for (int i = 0; i < kPingsPerBlock; ++i) calls.push_back(seconds(Program::synchronize));
  }
  figures.raw_us = median(floor) * 1e6;
  figures.call_us = median(calls) * 1e6;
}

void measure_launches(Program& program, Figures& figures) {
  Samples launches, all_calls, all_flushes;
  for (int block = 0; block < kLaunchBlocks; ++block) {
    const auto before = gpu_guest::counters();
    for (int i = 0; i < 1000; ++i) launches.push_back(seconds([&] { program.launch(); }));
    Program::synchronize();
    const auto after = gpu_guest::counters();
    all_calls.push_back(static_cast<double>(after.calls - before.calls));
    all_flushes.push_back(static_cast<double>(after.flushes - before.flushes));
  }
  figures.launch_us = median(launches) * 1e6;
  figures.calls = static_cast<std::uint64_t>(median(all_calls));
  figures.flushes = static_cast<std::uint64_t>(median(all_flushes));
}

void measure_copies(Raw& raw, Figures& figures) {
  std::vector<std::byte> memory(kCopyBytes);
  CUdeviceptr device = 0;
  CHECK(cuMemAlloc_v2(&device, kCopyBytes) == 0);
  Samples out, in, copy_in, copy_out;
  for (int round = 0; round < kCopyRounds; ++round) {
    out.push_back(seconds([&] { raw.stream_out(memory); }));
    copy_in.push_back(seconds([&] {
      CHECK(cuMemcpyHtoD_v2(device, memory.data(), kCopyBytes) == 0);
      Program::synchronize();
    }));
    in.push_back(seconds([&] { raw.stream_in(memory); }));
    copy_out.push_back(
        seconds([&] { CHECK(cuMemcpyDtoH_v2(memory.data(), device, kCopyBytes) == 0); }));
  }
  const auto rate = [](const Samples& samples) { return kCopyBytes / median(samples) / 1e9; };
  figures.raw_out = rate(out);
  figures.raw_in = rate(in);
  figures.copy_in = rate(copy_in);
  figures.copy_out = rate(copy_out);
}

}  // namespace

Figures measure(const std::string& session, const gpu_wire::Endpoint& raw_endpoint) {
  Figures figures{};
  Program program(session);
  Raw raw(raw_endpoint);
  measure_calls(raw, figures);
  measure_launches(program, figures);
  measure_copies(raw, figures);
  return figures;
}

double launch_rate(const std::string& session) {
  constexpr int kLaunches = 8'000'000;
  Program program(session);
  for (int i = 0; i < 1000; ++i) program.launch();
  Program::synchronize();
  return kLaunches / seconds([&] {
           for (int i = 0; i < kLaunches; ++i) program.launch();
           Program::synchronize();
         });
}

}  // namespace bench_gpu
