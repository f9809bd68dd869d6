// libcuda.so.1 as programs meet it.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "testing/child.h"
#include "testing/eventually.h"
#include "testing_gpu_session/served.h"

namespace {

using testing_gpu::Served;
using testing_support::Child;

class Library : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    // A sanitizer's runtime would have to be in the programs before the library; gpu_guest_test has the same code.
    if (SANITIZED) GTEST_SKIP() << "not under a sanitizer";
    ::setenv("LD_LIBRARY_PATH", LIBRARY_FOLDER, 1);
  }
  void serve(gpu_session::Options options = {}) {
    served_ = std::make_unique<Served>(GetParam(), std::move(options));
    ::setenv("LARDER_GPU_ENDPOINT", served_->endpoint_text().c_str(), 1);
  }
  std::unique_ptr<Served> served_;
};

TEST_P(Library, ACProgramRunsAndMayCallTheDriverWhenItEnds) {
  serve();
  Child program({PROGRAM, "plain"});
  EXPECT_EQ(program.line(), "hello");
  EXPECT_EQ(program.line(), "at exit 0");
  EXPECT_EQ(program.line(), std::nullopt);
}

TEST_P(Library, AfterForkTheChildHasNoDriverAndTheParentGoesOn) {
  serve();
  Child program({PROGRAM, "fork"});
  EXPECT_EQ(program.line(), "hello");
  EXPECT_EQ(program.line(), "child 3 3 3");
  EXPECT_EQ(program.line(), "child ended 0");
  EXPECT_EQ(program.line(), "hello");
  EXPECT_EQ(program.line(), "at exit 0");
}

TEST_P(Library, ALostSessionIsAnErrorAndNoHang) {
  serve();
  Child program({PROGRAM, "lost"});
  EXPECT_EQ(program.line(), "hello");
  EXPECT_EQ(program.line(), "ready");
  served_->session().stop();
  EXPECT_EQ(program.ask("go"), "lost 46 46");
  EXPECT_EQ(program.line(), "at exit 46");
}

TEST_P(Library, ARefusedClientHasNoGpu) {
  serve({.quotas = {}, .admit = [](std::string_view) -> base::Status {
           return base::Error{base::ErrorCode::kPermissionDenied, "no lease has this token"};
         }});
  Child program({PROGRAM, "plain"});
  EXPECT_EQ(program.line(), "cuInit 100");
}

TEST_P(Library, APythonProgramWithThreadsRuns) {
  serve();
  Child program({"/usr/bin/python3", SCRIPT});
  EXPECT_EQ(program.line(), "True 8");
}

TEST_P(Library, TheEndpointMayBeInAFile) {
  serve();
  testing_support::ScratchFolder folder;
  const std::string path = folder.path() / "gpu";
  std::ofstream(path) << "endpoint=" << served_->endpoint_text() << "\ntoken=secret\n";
  ::unsetenv("LARDER_GPU_ENDPOINT");
  ::setenv("LARDER_GPU_FILE", path.c_str(), 1);
  Child program({PROGRAM, "plain"});
  EXPECT_EQ(program.line(), "hello");
}

INSTANTIATE_TEST_SUITE_P(Kinds, Library, ::testing::Values("unix", "tcp", "ring"),
                         [](const auto& kind) { return std::string(kind.param); });

TEST(LibraryAlone, EverySymbolOfTheDriverIsExported) {
  if (SANITIZED) GTEST_SKIP() << "not under a sanitizer";
  void* const library = ::dlopen(LIBRARY_FOLDER "/libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(library, nullptr) << ::dlerror();
  std::ifstream symbols(SYMBOLS);
  int count = 0, absent = 0;
  for (std::string line; std::getline(symbols, line);) {
    std::istringstream words(line);
    std::string symbol, name, version, have;
    if (line.starts_with("#") || !(words >> symbol >> name >> version >> have)) continue;
    ++count;
    const auto function = reinterpret_cast<int (*)()>(::dlsym(library, symbol.c_str()));
    ASSERT_NE(function, nullptr) << symbol;
    if (have != "no") continue;
    ++absent;
    EXPECT_EQ(function(), 801) << symbol;
  }
  EXPECT_GT(count, 637);
  EXPECT_GT(absent, 0);
}

TEST(LibraryAlone, WithoutAnEndpointThereIsNoGpu) {
  if (SANITIZED) GTEST_SKIP() << "not under a sanitizer";
  ::setenv("LD_LIBRARY_PATH", LIBRARY_FOLDER, 1);
  ::unsetenv("LARDER_GPU_ENDPOINT");
  ::setenv("LARDER_GPU_FILE", "/nonexistent", 1);
  Child program({PROGRAM, "plain"});
  EXPECT_EQ(program.line(), "cuInit 100");
}

}  // namespace
