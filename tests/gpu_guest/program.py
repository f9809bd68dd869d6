"""A driver-API program in python: copies through the device, threads with streams of their own."""

import ctypes
import sys
import threading

cuda = ctypes.CDLL("libcuda.so.1")


def checked(result):
    if result != 0:
        text = ctypes.c_char_p()
        cuda.cuGetErrorName(result, ctypes.byref(text))
        sys.exit(f"{result}: {text.value}")


def work(number, context, results):
    checked(cuda.cuCtxSetCurrent(context))
    address = ctypes.c_uint64()
    checked(cuda.cuMemAlloc_v2(ctypes.byref(address), 4096))
    data = (ctypes.c_uint32 * 1024)(*range(number, number + 1024))
    back = (ctypes.c_uint32 * 1024)()
    checked(cuda.cuMemcpyHtoD_v2_ptds(address, data, 4096))
    checked(cuda.cuStreamSynchronize_ptsz(None))
    checked(cuda.cuMemcpyDtoH_v2_ptds(back, address, 4096))
    results[number] = list(back) == list(data)


checked(cuda.cuInit(0))
context = ctypes.c_void_p()
checked(cuda.cuDevicePrimaryCtxRetain(ctypes.byref(context), 0))
results = {}
threads = [threading.Thread(target=work, args=(number, context, results)) for number in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(all(results.values()), len(results))
