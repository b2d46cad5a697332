/* base/heap.c: malloc behind a gate that tests can close. */
#include "base/heap.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Rule zero: the one mutable state of the library. An allocator is ambient by nature; passing it to
 * every call would be noise, and a test that fails the n-th allocation must reach all of them. */
static hf_heap_gate_fn *heap_gate;
static void *heap_gate_arg;

void hf_heap_gate(hf_heap_gate_fn *gate, void *arg)
{
    heap_gate = gate;
    heap_gate_arg = arg;
}

/* As large as the largest message, so that blocks that come and go with each of them do not cost a
 * system call. A value that is set is not raised by glibc any more, up to 32 MiB with 64 MiB kept
 * for each thread's arena. */
#define LARGE_BLOCK (4 << 20)

void hf_heap_start(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
}

static bool closed(void)
{
    return heap_gate != NULL && !heap_gate(heap_gate_arg);
}

void *hf_heap_alloc(size_t size)
{
    return closed() ? NULL : malloc(size == 0 ? 1 : size);
}

void *hf_heap_zalloc(size_t count, size_t size)
{
    bool none = count == 0 || size == 0;
    return closed() ? NULL : calloc(none ? 1 : count, none ? 1 : size);
}

void *hf_heap_resize(void *ptr, size_t count, size_t size)
{
    if (closed() || (size != 0 && count > SIZE_MAX / size)) {
        return NULL;
    }
    size_t bytes = count * size;
    return realloc(ptr, bytes == 0 ? 1 : bytes);
}

void hf_heap_free(void *ptr)
{
    free(ptr);
}

void *hf_heap_copy(const void *ptr, size_t len)
{
    void *copy = hf_heap_alloc(len);
    if (copy != NULL && len > 0) {
        memcpy(copy, ptr, len);
    }
    return copy;
}
