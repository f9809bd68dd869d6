#include <array>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "served_process.h"
#include "testing/scratch_folder.h"

namespace {

using testing_gpu::InContext;
using Code = InContext;

constexpr int kInvalidValue = 1, kInvalidImage = 200, kFileNotFound = 301, kInvalidHandle = 400,
              kNotFound = 500;
constexpr const char* kImage = "kernel add 8 8 4\nkernel none\nvariable table 64\n";

TEST_F(Code, NamesLeadToKernelsAndVariables) {
  CUmodule module = nullptr;
  CUfunction function = nullptr;
  CUdeviceptr address = 0;
  std::size_t bytes = 0;
  unsigned count = 0;
  ASSERT_EQ(cuModuleLoadData(&module, kImage), 0);
  EXPECT_EQ(cuModuleGetFunction(&function, module, "add"), 0);
  EXPECT_EQ(cuModuleGetFunction(&function, module, "sub"), kNotFound);
  EXPECT_EQ(cuModuleGetFunction(&function, module, nullptr), kInvalidValue);
  EXPECT_EQ(cuModuleGetFunction(nullptr, module, "add"), kInvalidValue);
  EXPECT_EQ(cuModuleGetGlobal_v2(&address, &bytes, module, "table"), 0);
  EXPECT_EQ(bytes, 64U);
  EXPECT_EQ(cuMemsetD8_v2(address, 1, 64), 0) << "a variable is memory";
  EXPECT_EQ(cuMemFree_v2(address), kInvalidValue) << "but was not allocated";
  EXPECT_EQ(cuModuleGetGlobal_v2(&address, &bytes, module, "chair"), kNotFound);
  EXPECT_EQ(cuModuleGetFunctionCount(&count, module), 0);
  EXPECT_EQ(count, 2U);
  EXPECT_EQ(cuModuleUnload(module), 0);
  EXPECT_EQ(cuModuleUnload(module), kInvalidHandle);
  EXPECT_EQ(cuModuleGetFunction(&function, module, "add"), kInvalidHandle);
}

TEST_F(Code, WhatTheCompilerSaysIsHandedOn) {
  CUmodule module = nullptr;
  std::array<char, 200> log{};
  int options[] = {5, 6};
  void* values[] = {log.data(), reinterpret_cast<void*>(log.size())};
  EXPECT_EQ(cuModuleLoadDataEx(&module, "nonsense here\n", 2, options, values), kInvalidImage);
  EXPECT_NE(std::strstr(log.data(), "nonsense"), nullptr);
  EXPECT_EQ(cuModuleLoadData(&module, nullptr), kInvalidValue);
  EXPECT_EQ(cuModuleLoadData(nullptr, kImage), kInvalidValue);
}

TEST_F(Code, FilesAreReadHere) {
  testing_support::ScratchFolder folder;
  const std::string path = folder.path() / "image";
  std::ofstream(path) << kImage;
  CUmodule module = nullptr;
  EXPECT_EQ(cuModuleLoad(&module, path.c_str()), 0);
  EXPECT_EQ(cuModuleLoad(&module, (path + "x").c_str()), kFileNotFound);
  EXPECT_EQ(cuModuleUnload(module), 0);
}

TEST_F(Code, ALibrarysKernelIsAFunctionToo) {
  CUlibrary library = nullptr;
  CUkernel kernel = nullptr;
  CUfunction function = nullptr;
  const char* name = nullptr;
  std::size_t offset = 0, bytes = 0;
  ASSERT_EQ(cuLibraryLoadData(&library, kImage, nullptr, nullptr, 0, nullptr, nullptr, 0), 0);
  EXPECT_EQ(cuLibraryGetKernel(&kernel, library, "add"), 0);
  EXPECT_EQ(cuKernelGetFunction(&function, kernel), 0);
  EXPECT_EQ(cuKernelGetName(&name, kernel), 0);
  EXPECT_STREQ(name, "add");
  EXPECT_EQ(cuKernelGetParamInfo(kernel, 2, &offset, &bytes), 0);
  EXPECT_EQ(offset, 16U);
  EXPECT_EQ(bytes, 4U);
  EXPECT_EQ(cuKernelGetParamInfo(kernel, 3, &offset, &bytes), kInvalidValue);
  EXPECT_EQ(cuLibraryUnload(library), 0);
  EXPECT_EQ(cuKernelGetFunction(&function, kernel), kInvalidHandle);
}

TEST_F(Code, AttributesAreAnsweredHereAndSetThere) {
  const CUfunction function = kernel(kImage, "add");
  int value = 0;
  EXPECT_EQ(cuFuncGetAttribute(&value, 0, function), 0);
  EXPECT_EQ(value, 1024);
  EXPECT_EQ(cuFuncSetAttribute(function, 8, 1000), 0);
  EXPECT_EQ(cuFuncGetAttribute(&value, 8, function), 0);
  EXPECT_EQ(value, 1000);
  EXPECT_EQ(cuFuncSetAttribute(function, 8, 1 << 30), kInvalidValue);
  EXPECT_EQ(cuFuncSetAttribute(function, 0, 5), kInvalidValue);
  EXPECT_EQ(cuFuncGetAttribute(&value, 16, function), kInvalidValue);
  EXPECT_EQ(cuFuncGetAttribute(&value, 0, reinterpret_cast<CUfunction>(0x77)), kInvalidHandle);
  EXPECT_EQ(cuCtxSynchronize(), 0) << "the session found nothing wrong either";
}

TEST_F(Code, OccupancyIsAsked) {
  const CUfunction function = kernel(kImage, "add");
  int blocks = 0, grid = 0, block = 0;
  EXPECT_EQ(cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, function, 256, 0), 0);
  EXPECT_EQ(blocks, 4);
  EXPECT_EQ(cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, function, 0, 0), kInvalidValue);
  EXPECT_EQ(cuOccupancyMaxPotentialBlockSize(&grid, &block, function, nullptr, 0, 512), 0);
  EXPECT_EQ(block, 512);
}

}  // namespace
