// A pretend CUDA driver: the memory of the device is memory of the host, and kernels do nothing.
//
// With it a program runs its whole CUDA path without a GPU: NVRTC compiles every kernel, memory is copied, launches are
// enqueued. Build it as `libcuda.so`, and not as `libcuda.so.1`, which NVRTC would load, too:
//
//     cc -O2 -shared -fPIC -o libcuda.so driver.c
//
// PRETEND_CUDA_CAPABILITY  the compute capability of the device, such as 90
// PRETEND_CUDA_FOLDER      where each module that is loaded goes, as `<module>.ptx`, and `record.txt`, whose lines are
//                              driver <capability>
//                              module <module> <kernel>
//                              launch <module> <grid x> <y> <z> <block x> <y> <z> <dynamic shared memory in bytes>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int Result;
typedef uint64_t Pointer;
typedef struct {
    int number;
} Module;

enum { SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2 };

// What the device can do.

static int capability(void) {
    const char *asked = getenv("PRETEND_CUDA_CAPABILITY");
    return asked ? atoi(asked) : 90;
}

// The attributes that are asked for, with the numbers of `CUdevice_attribute`.
static int attribute(int which) {
    int of_80 = capability() < 90;
    switch (which) {
    case 1: return 1024;                         // units of a cube
    case 2: case 3: return 1024;                 // of which x, y
    case 4: return 64;                           // z
    case 5: return 2147483647;                   // cubes of a launch: x
    case 6: case 7: return 65535;                // y, z
    case 8: return 49152;                        // shared memory of a cube
    case 10: return 32;                          // units of a plane
    case 12: return 65536;                       // registers of a cube
    case 16: return of_80 ? 108 : 132;           // multiprocessors
    case 39: return 2048;                        // units of a multiprocessor
    case 75: return capability() / 10;           // compute capability
    case 76: return capability() % 10;
    case 81: return of_80 ? 167936 : 233472;     // shared memory of a multiprocessor
    case 97: return of_80 ? 166912 : 232448;     // shared memory of a cube that asks for it
    default: return 0;
    }
}

// The record.

static void record(const char *format, ...) {
    const char *folder = getenv("PRETEND_CUDA_FOLDER");
    if (!folder) return;
    char path[4096], line[512];
    snprintf(path, sizeof path, "%s/record.txt", folder);
    va_list values;
    va_start(values, format);
    int length = vsnprintf(line, sizeof line, format, values);
    va_end(values);
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (file < 0 || write(file, line, (size_t)length) != length) {
        fprintf(stderr, "the pretend driver cannot write to %s\n", path);
        abort();
    }
    close(file);
}

static void keep_module(int number, const char *ptx) {
    const char *folder = getenv("PRETEND_CUDA_FOLDER");
    if (!folder) return;
    char path[4096];
    snprintf(path, sizeof path, "%s/%d.ptx", folder, number);
    FILE *file = fopen(path, "w");
    if (!file || fputs(ptx, file) < 0 || fclose(file)) {
        fprintf(stderr, "the pretend driver cannot write to %s\n", path);
        abort();
    }
}

// Memory. It is zero at first, and pages that nobody touches cost nothing.

enum { ALIGNMENT = 512 };

static Result allocate(Pointer *pointer, size_t bytes) {
    char *all = calloc(1, bytes + 2 * ALIGNMENT);
    if (!all) return OUT_OF_MEMORY;
    uintptr_t start = ((uintptr_t)all + ALIGNMENT + sizeof(char *)) & ~(uintptr_t)(ALIGNMENT - 1);
    ((char **)start)[-1] = all;
    *pointer = start;
    return SUCCESS;
}

static Result release(Pointer pointer) {
    if (pointer) free(((char **)pointer)[-1]);
    return SUCCESS;
}

// The functions that CubeCL and cudarc call, by their names in the driver.

Result cuInit(unsigned flags) { record("driver %d\n", capability()); return SUCCESS; }
Result cuDriverGetVersion(int *version) { *version = 13000; return SUCCESS; }
Result cuDeviceGetCount(int *count) { *count = 1; return SUCCESS; }
Result cuDeviceGet(int *device, int index) { *device = index; return index ? INVALID_VALUE : SUCCESS; }
Result cuDeviceGetName(char *name, int length, int device) { snprintf(name, (size_t)length, "a pretend GPU"); return SUCCESS; }
Result cuDeviceTotalMem_v2(size_t *bytes, int device) { *bytes = (size_t)80 << 30; return SUCCESS; }
Result cuDeviceGetAttribute(int *value, int which, int device) { *value = attribute(which); return SUCCESS; }
Result cuDevicePrimaryCtxRetain(void **context, int device) { *context = (void *)1; return SUCCESS; }
Result cuDevicePrimaryCtxRelease_v2(int device) { return SUCCESS; }
Result cuCtxSetCurrent(void *context) { return SUCCESS; }
Result cuCtxGetCurrent(void **context) { *context = (void *)1; return SUCCESS; }

Result cuStreamCreate(void **stream, unsigned flags) { *stream = malloc(1); return SUCCESS; }
Result cuStreamSynchronize(void *stream) { return SUCCESS; }
Result cuStreamWaitEvent(void *stream, void *event, unsigned flags) { return SUCCESS; }
Result cuStreamDestroy_v2(void *stream) { free(stream); return SUCCESS; }
Result cuEventCreate(void **event, unsigned flags) { *event = malloc(1); return SUCCESS; }
Result cuEventRecord(void *event, void *stream) { return SUCCESS; }
Result cuEventSynchronize(void *event) { return SUCCESS; }
Result cuEventDestroy_v2(void *event) { free(event); return SUCCESS; }

Result cuMemAlloc_v2(Pointer *pointer, size_t bytes) { return allocate(pointer, bytes); }
Result cuMemAllocAsync(Pointer *pointer, size_t bytes, void *stream) { return allocate(pointer, bytes); }
Result cuMemAllocHost_v2(void **pointer, size_t bytes) { return allocate((Pointer *)pointer, bytes); }
Result cuMemFree_v2(Pointer pointer) { return release(pointer); }
Result cuMemFreeAsync(Pointer pointer, void *stream) { return release(pointer); }
Result cuMemFreeHost(void *pointer) { return release((Pointer)pointer); }
Result cuMemcpyHtoDAsync_v2(Pointer to, const void *from, size_t bytes, void *stream) { memcpy((void *)to, from, bytes); return SUCCESS; }
Result cuMemcpyDtoHAsync_v2(void *to, Pointer from, size_t bytes, void *stream) { memcpy(to, (const void *)from, bytes); return SUCCESS; }

Result cuModuleLoadData(void **module, const void *ptx) {
    static int modules;
    Module *made = malloc(sizeof *made);
    made->number = __atomic_add_fetch(&modules, 1, __ATOMIC_SEQ_CST);
    keep_module(made->number, ptx);
    *module = made;
    return SUCCESS;
}

Result cuModuleUnload(void *module) { return SUCCESS; }

Result cuModuleGetFunction(void **function, void *module, const char *kernel) {
    record("module %d %s\n", ((Module *)module)->number, kernel);
    *function = module;
    return SUCCESS;
}

Result cuFuncSetAttribute(void *function, int which, int value) { return SUCCESS; }

Result cuLaunchKernel(void *function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                      unsigned block_y, unsigned block_z, unsigned shared, void *stream, void **arguments, void **extra) {
    // As the driver does, so that a launch of nothing is seen.
    if (!grid_x || !grid_y || !grid_z || grid_y > 65535 || grid_z > 65535) return INVALID_VALUE;
    record("launch %d %u %u %u %u %u %u %u\n", ((Module *)function)->number, grid_x, grid_y, grid_z, block_x, block_y,
           block_z, shared);
    return SUCCESS;
}

Result cuGetErrorName(int error, const char **name) { *name = error == OUT_OF_MEMORY ? "out of memory" : "invalid value"; return SUCCESS; }
Result cuGetErrorString(int error, const char **text) { return cuGetErrorName(error, text); }
