// How fast the device played by the CPU is: a matrix product, a row of instructions, small
// launches.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "base/check.h"
#include "gpu_host/host_device.h"

namespace {

using gpu_device::Address;
using gpu_device::CuResult;
using gpu_device::StreamId;

class Machine {
 public:
  Machine(const std::string& ptx, unsigned threads, bool null_launches = false) {
    gpu_host::HostOptions options;
    options.threads = threads;
    options.null_launches = null_launches;
    device_ = gpu_host::make_host_device(options);
    std::string log;
    auto loaded = device_->load(std::as_bytes(std::span(ptx)), &log);
    CHECK(loaded.ok());
    kernel_ = loaded->kernels.front();
  }

  gpu_device::Device& device() { return *device_; }

  Address floats(std::size_t count) {
    const auto address = device_->allocate(count * sizeof(float));
    CHECK(address.ok());
    const std::vector<float> ones(count, 1.0F);
    CHECK(device_->copy_in(*address, ones.data(), count * sizeof(float), StreamId::kLegacy) ==
          CuResult::kSuccess);
    CHECK(device_->synchronize() == CuResult::kSuccess);
    return *address;
  }

  template <typename... Arguments>
  void launch(gpu_device::Dim3 grid, gpu_device::Dim3 block, const Arguments&... arguments) {
    std::vector<std::byte> packed(kernel_.parameter_bytes);
    [[maybe_unused]] std::size_t at = 0;
    [[maybe_unused]] const auto pack = [&](const auto& argument) {
      std::memcpy(packed.data() + kernel_.parameters[at++].offset, &argument, sizeof argument);
    };
    (pack(arguments), ...);
    gpu_device::Launch launch;
    launch.kernel = kernel_.id;
    launch.grid = grid;
    launch.block = block;
    launch.parameters = packed;
    CHECK(device_->launch(launch) == CuResult::kSuccess);
  }

  void wait() { CHECK(device_->synchronize() == CuResult::kSuccess); }

 private:
  std::unique_ptr<gpu_device::Device> device_;
  gpu_device::KernelInfo kernel_;
};

std::string fixture(const std::string& name) {
  std::ifstream file(std::string(FIXTURES_FOLDER) + "/" + name + ".ptx");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// size, threads
void matrix_product(benchmark::State& state) {
  Machine machine(fixture("gemm"), static_cast<unsigned>(state.range(1)));
  const auto size = static_cast<std::uint32_t>(state.range(0));
  const Address a = machine.floats(size * size), b = machine.floats(size * size),
                c = machine.floats(size * size);
  for (auto _ : state) {
    machine.launch({size / 16, size / 16}, {16, 16}, a, b, c, static_cast<int>(size));
    machine.wait();
  }
}
BENCHMARK(matrix_product)
    ->Args({256, 1})
    ->Args({256, 2})
    ->Args({512, 2})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

// A loop of eight sums and eight fused products, 1000 times.
std::string loop_text() {
  std::string body;
  for (int i = 0; i < 8; ++i) {
    const std::string f = "%f" + std::to_string(i + 1), r = "%r" + std::to_string(i + 2);
    body += "fma.rn.f32 " + f + ", %f0, " + f + ", %f0;\nadd.s32 " + r + ", " + r + ", %r1;\n";
  }
  return ".version 7.0\n.target sm_70\n.address_size 64\n.visible .entry k() {\n.reg .f32 %f<16>;\n"
         ".reg .b32 %r<16>;\n.reg .pred %p<2>;\nmov.u32 %r1, 1000;\nmov.f32 %f0, "
         "0f3F800000;\nLOOP:\n" +
         body + "sub.s32 %r1, %r1, 1;\nsetp.ne.s32 %p0, %r1, 0;\n@%p0 bra LOOP;\nret;\n}\n";
}
constexpr double kLaneInstructions = 19.0 * 1000 * 256;

// One thread, eight warps.
void instructions(benchmark::State& state) {
  Machine machine(loop_text(), 1);
  for (auto _ : state) {
    machine.launch({1}, {256});
    machine.wait();
  }
  state.counters["lane instructions/s"] =
      benchmark::Counter(kLaneInstructions, benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(instructions)->Unit(benchmark::kMillisecond)->UseRealTime();

void vector_sum(benchmark::State& state) {
  Machine machine(fixture("vector_add"), 2);
  const int count = 1 << 20;
  const Address a = machine.floats(count), b = machine.floats(count), c = machine.floats(count);
  for (auto _ : state) {
    machine.launch({count / 256}, {256}, a, b, c, count);
    machine.wait();
  }
}
BENCHMARK(vector_sum)->Unit(benchmark::kMillisecond)->UseRealTime();

// 1: kernels do nothing.
void small_launch(benchmark::State& state) {
  Machine machine(fixture("vector_add"), 2, state.range(0) != 0);
  const Address a = machine.floats(32);
  for (auto _ : state) {
    for (int i = 0; i < 100; ++i) machine.launch({1}, {32}, a, a, a, 32);
    machine.wait();
  }
  state.SetItemsProcessed(state.iterations() * 100);
}
BENCHMARK(small_launch)->Arg(0)->Arg(1)->Unit(benchmark::kMicrosecond)->UseRealTime();

// The middle of five, in seconds.
double seconds_of(const std::function<void()>& work) {
  std::array<double, 5> times{};
  for (double& time : times) {
    const auto start = std::chrono::steady_clock::now();
    work();
    time = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  std::ranges::sort(times);
  return times[2];
}

void print_result(const char* what, double reached, double wanted, bool yes) {
  std::printf("RESULT|%s|%.3g|%.3g|%s\n", what, reached, wanted, yes ? "yes" : "no");
}

void measure_promises() {
  Machine product(fixture("gemm"), 2);
  const Address a = product.floats(256 * 256), b = product.floats(256 * 256),
                c = product.floats(256 * 256);
  const double seconds = seconds_of([&] {
    product.launch({16, 16}, {16, 16}, a, b, c, 256);
    product.wait();
  });
  print_result("host device: 256^3 matrix product, s", seconds, 0.2, seconds <= 0.2);
  Machine row(loop_text(), 1);
  const double rate = kLaneInstructions / seconds_of([&] {
                        row.launch({1}, {256});
                        row.wait();
                      });
  print_result("host device: lane instructions per second and core", rate, 1e9, rate >= 1e9);
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  measure_promises();
}
