#include <cstring>

#include "served_process.h"

namespace {

constexpr int kInvalidValue = 1, kNotFound = 500;

struct Found {
  int result, status;
  void* function;
};

Found look_up(const char* name, int version, std::uint64_t flags = 0) {
  Found found{.result = -1, .status = -1, .function = &found};
  found.result = cuGetProcAddress_v2(name, &found.function, version, flags, &found.status);
  return found;
}

template <typename Function>
void* address(Function* function) {
  return reinterpret_cast<void*>(function);
}

TEST(ProcAddress, GivesTheNewestThatTheCallerKnows) {
  EXPECT_EQ(look_up("cuMemAlloc", 13'000).function, address(cuMemAlloc_v2));
  EXPECT_EQ(look_up("cuCtxSynchronize", 12'090).function, address(cuCtxSynchronize));
  EXPECT_EQ(look_up("cuCtxSynchronize", 13'000).function, address(cuCtxSynchronize_v2));
  EXPECT_EQ(look_up("cuCtxCreate", 4000).function, address(cuCtxCreate_v2));
  EXPECT_EQ(look_up("cuCtxCreate", 13'050).function, address(cuCtxCreate_v4));
  EXPECT_EQ(look_up("cuStreamGetCaptureInfo", 11'030).function, address(cuStreamGetCaptureInfo_v2));
}

TEST(ProcAddress, PerThreadVariantsAreGivenToWhoeverAsksForThem) {
  EXPECT_EQ(look_up("cuLaunchKernel", 13'000).function, address(cuLaunchKernel));
  EXPECT_EQ(look_up("cuLaunchKernel", 13'000, 1).function, address(cuLaunchKernel));
  EXPECT_EQ(look_up("cuLaunchKernel", 13'000, 2).function, address(cuLaunchKernel_ptsz));
  EXPECT_EQ(look_up("cuMemcpyHtoD", 13'000, 2).function, address(cuMemcpyHtoD_v2_ptds));
  EXPECT_EQ(look_up("cuInit", 13'000, 2).function, address(cuInit)) << "there is but one";
}

TEST(ProcAddress, SaysWhyThereIsNone) {
  const Found unknown = look_up("cuMakeCoffee", 13'000);
  EXPECT_EQ(unknown.result, kNotFound);
  EXPECT_EQ(unknown.status, 1);
  EXPECT_EQ(unknown.function, nullptr);
  EXPECT_EQ(look_up("", 0).result, kNotFound);
  EXPECT_EQ(look_up("cuLibraryLoadData", 11'000).status, 2);
  EXPECT_EQ(look_up("cuGraphCreate", 13'000).result, kNotFound) << "known, and not here";
  EXPECT_EQ(look_up(nullptr, 13'000).result, kInvalidValue);
  EXPECT_EQ(look_up("cuInit", 13'000, 4).result, kInvalidValue);
}

TEST(ExportTable, ThereIsNone) {
  const CUuuid any{};
  const void* table = &any;
  EXPECT_EQ(cuGetExportTable(&table, &any), kNotFound);
  EXPECT_EQ(table, nullptr);
}

TEST(Errors, HaveNamesAndSentences) {
  const char* text = nullptr;
  EXPECT_EQ(cuGetErrorName(700, &text), 0);
  EXPECT_STREQ(text, "CUDA_ERROR_ILLEGAL_ADDRESS");
  EXPECT_EQ(cuGetErrorString(0, &text), 0);
  EXPECT_STREQ(text, "no error");
  EXPECT_EQ(cuGetErrorName(12'345, &text), kInvalidValue);
  EXPECT_EQ(text, nullptr);
  EXPECT_EQ(cuGetErrorName(0, nullptr), kInvalidValue);
}

}  // namespace
