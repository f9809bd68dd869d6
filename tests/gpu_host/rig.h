// A host device with a module in it, and short ways to use them.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "gpu_host/host_device.h"

namespace gpu_host {

using gpu_device::Address;
using gpu_device::CuResult;
using gpu_device::Dim3;

inline std::string fixture(const std::string& name) {
  std::ifstream file(std::string(FIXTURES_FOLDER) + "/" + name + ".ptx");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// "body" as a kernel named `k` with the parameters given, after registers of every type.
inline std::string kernel_text(const std::string& parameters, const std::string& body,
                               const std::string& before = "") {
  return ".version 7.0\n.target sm_70\n.address_size 64\n" + before + "\n.visible .entry k(" +
         parameters +
         ")\n{\n.reg .pred %p<16>;\n.reg .b16 %h<16>;\n.reg .b32 %r<64>;\n.reg .b64 %d<64>;\n"
         ".reg .f32 %f<32>;\n.reg .f64 %g<32>;\n" +
         body + "\n}\n";
}

class Rig {
 public:
  explicit Rig(HostOptions options = {}) : device_(make_host_device(options)) {}

  gpu_device::Device& device() { return *device_; }

  // The sentence why not, or "".
  std::string try_load(const std::string& ptx) {
    std::string log;
    auto loaded = device_->load(std::as_bytes(std::span(ptx)), &log);
    if (loaded.ok()) module_ = *loaded;
    return loaded.ok() ? "" : (log.empty() ? "no reason" : log);
  }
  void load(const std::string& ptx) { ASSERT_EQ(try_load(ptx), ""); }

  const gpu_device::ModuleInfo& module() const { return module_; }
  const gpu_device::KernelInfo& kernel(const std::string& name) const {
    for (const auto& one : module_.kernels) {
      if (one.name == name) return one;
    }
    ADD_FAILURE() << "no kernel " << name;
    return module_.kernels.front();
  }

  template <typename T>
  Address put(const std::vector<T>& values) {
    const auto address = device_->allocate(values.size() * sizeof(T));
    EXPECT_TRUE(address.ok());
    EXPECT_EQ(device_->copy_in(*address, values.data(), values.size() * sizeof(T),
                               gpu_device::StreamId::kLegacy),
              CuResult::kSuccess);
    EXPECT_EQ(device_->synchronize(), CuResult::kSuccess);
    return *address;
  }

  template <typename T>
  std::vector<T> get(Address address, std::size_t count) {
    std::vector<T> values(count);
    EXPECT_EQ(
        device_->copy_out(values.data(), address, count * sizeof(T), gpu_device::StreamId::kLegacy),
        CuResult::kSuccess);
    EXPECT_EQ(device_->synchronize(), CuResult::kSuccess);
    return values;
  }

  // The arguments, each at its place, and the launch.
  template <typename... Arguments>
  CuResult start(const std::string& name, Dim3 grid, Dim3 block, const Arguments&... arguments) {
    const auto& info = kernel(name);
    std::vector<std::byte> packed(info.parameter_bytes);
    [[maybe_unused]] std::size_t at = 0;
    EXPECT_EQ(info.parameters.size(), sizeof...(arguments));
    [[maybe_unused]] const auto pack = [&](const auto& argument) {
      EXPECT_EQ(sizeof argument, info.parameters[at].bytes);
      std::memcpy(packed.data() + info.parameters[at++].offset, &argument, sizeof argument);
    };
    (pack(arguments), ...);
    gpu_device::Launch launch;
    launch.kernel = info.id;
    launch.grid = grid;
    launch.block = block;
    launch.parameters = packed;
    launch.shared_bytes = shared_bytes;
    return device_->launch(launch);
  }

  template <typename... Arguments>
  CuResult run(const std::string& name, Dim3 grid, Dim3 block, const Arguments&... arguments) {
    const CuResult started = start(name, grid, block, arguments...);
    return started != CuResult::kSuccess ? started : device_->synchronize();
  }

  std::uint32_t shared_bytes = 0;

 private:
  std::unique_ptr<gpu_device::Device> device_;
  gpu_device::ModuleInfo module_;
};

}  // namespace gpu_host
