/* A program of the driver API, linked to libcuda.so.1: says what it found, line by line. Modes: plain, fork, lost. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int cuInit(unsigned flags);
int cuDeviceGet(int* device, int ordinal);
int cuCtxCreate_v2(void** context, unsigned flags, int device);
int cuCtxSynchronize(void);
int cuMemAlloc_v2(unsigned long long* address, size_t bytes);
int cuMemFree_v2(unsigned long long address);
int cuMemcpyHtoD_v2(unsigned long long to, const void* from, size_t bytes);
int cuMemcpyDtoH_v2(void* to, unsigned long long from, size_t bytes);
int cuModuleLoadData(void** module, const void* image);
int cuModuleGetFunction(void** function, void* module, const char* name);
int cuLaunchKernel(void* function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                   unsigned shared, void* stream, void** parameters, void** extra);

#define CHECKED(call)                                      \
  do {                                                     \
    const int result = call;                               \
    if (result != 0) {                                     \
      printf("%s = %d\n", #call, result);                  \
      exit(1);                                             \
    }                                                      \
  } while (0)

/* Libraries call the driver when the program ends, after everything else. */
static unsigned long long kept;
static void at_exit(void) {
  printf("at exit %d\n", cuMemFree_v2(kept));
  fflush(stdout);
}

static void work(void) {
  unsigned long long address;
  char out[6] = "";
  void *module, *function;
  void* parameters[] = {&address};
  CHECKED(cuMemAlloc_v2(&address, 6));
  CHECKED(cuMemcpyHtoD_v2(address, "hello", 6));
  CHECKED(cuModuleLoadData(&module, "kernel k 8\n"));
  CHECKED(cuModuleGetFunction(&function, module, "k"));
  CHECKED(cuLaunchKernel(function, 1, 1, 1, 32, 1, 1, 0, NULL, parameters, NULL));
  CHECKED(cuMemcpyDtoH_v2(out, address, 6));
  CHECKED(cuCtxSynchronize());
  printf("%s\n", out);
}

static void in_child(void) {
  unsigned long long address;
  const pid_t child = fork();
  if (child == 0) {
    printf("child %d %d %d\n", cuInit(0), cuMemAlloc_v2(&address, 6), cuCtxSynchronize());
    fflush(stdout);
    _exit(0);
  }
  int status;
  waitpid(child, &status, 0);
  printf("child ended %d\n", status);
}

int main(int argc, char** argv) {
  const char* mode = argc > 1 ? argv[1] : "plain";
  int device;
  void* context;
  setvbuf(stdout, NULL, _IOLBF, 0);
  const int started = cuInit(0);
  if (started != 0) {
    printf("cuInit %d\n", started);
    return 0;
  }
  CHECKED(cuDeviceGet(&device, 0));
  CHECKED(cuCtxCreate_v2(&context, 0, device));
  CHECKED(cuMemAlloc_v2(&kept, 16));
  atexit(at_exit);
  work();
  if (strcmp(mode, "fork") == 0) {
    in_child();
    work();
  }
  if (strcmp(mode, "lost") == 0) {
    char line[16];
    printf("ready\n");
    if (fgets(line, sizeof line, stdin) == NULL) return 1;
    printf("lost %d %d\n", cuCtxSynchronize(), cuMemAlloc_v2(&kept, 6));
  }
  return 0;
}
