/* tests/harness/fault.c: counts calls and fails one of them. */
#undef _FILE_OFFSET_BITS /* else pwrite would be another name of pwrite64 */
#include "tests/harness/fault.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/heap.h"

/* Rule zero: mutable state at file level, because a replaced function of the C library has no other
 * place to find its orders in. */
static _Atomic int active = -1;
static _Atomic uint64_t calls;
static _Atomic uint64_t fails_at;
static _Atomic int fails_with;
static _Atomic bool no_syncs;

/* true: this call is to fail, errno is set. */
static bool hit(enum hf_sweep kind)
{
    if (atomic_load(&active) != (int)kind) {
        return false;
    }
    if (atomic_fetch_add(&calls, 1) + 1 != atomic_load(&fails_at)) {
        return false;
    }
    errno = atomic_load(&fails_with);
    return true;
}

static bool allow(void *arg)
{
    (void)arg;
    return !hit(HF_SWEEP_ALLOC);
}

void hf_sweep_begin(enum hf_sweep kind, uint64_t nth, int error)
{
    atomic_store(&calls, 0);
    atomic_store(&fails_at, nth);
    atomic_store(&fails_with, error);
    atomic_store(&active, (int)kind);
    hf_heap_gate(allow, NULL);
}

uint64_t hf_sweep_end(void)
{
    atomic_store(&active, -1);
    hf_heap_gate(NULL, NULL);
    return atomic_load(&calls);
}

void hf_sweep_without_syncs(void)
{
    atomic_store(&no_syncs, true);
}

/* ISO C has no conversion from void * to a function pointer; POSIX says that dlsym's result has
 * the same representation. */
/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): the library calls them __fd */
#define REAL(result, arguments, name)                                                              \
    union {                                                                                        \
        void *pointer;                                                                             \
        result(*function) arguments; /* NOLINT(bugprone-macro-parentheses): a type */              \
    } real = {.pointer = dlsym(RTLD_NEXT, name)}

ssize_t pwrite(int fd, const void *ptr, size_t len, off_t at)
{
    REAL(ssize_t, (int, const void *, size_t, off_t), "pwrite");
    return hit(HF_SWEEP_WRITE) ? -1 : real.function(fd, ptr, len, at);
}

ssize_t pwrite64(int fd, const void *ptr, size_t len, off64_t at)
{
    REAL(ssize_t, (int, const void *, size_t, off64_t), "pwrite64");
    return hit(HF_SWEEP_WRITE) ? -1 : real.function(fd, ptr, len, at);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at)
{
    REAL(ssize_t, (int, const struct iovec *, int, off_t), "pwritev");
    return hit(HF_SWEEP_WRITE) ? -1 : real.function(fd, parts, count, at);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at)
{
    REAL(ssize_t, (int, const struct iovec *, int, off64_t), "pwritev64");
    return hit(HF_SWEEP_WRITE) ? -1 : real.function(fd, parts, count, at);
}

int ftruncate(int fd, off_t len)
{
    REAL(int, (int, off_t), "ftruncate");
    return hit(HF_SWEEP_WRITE) ? -1 : real.function(fd, len);
}

int ftruncate64(int fd, off64_t len)
{
    REAL(int, (int, off64_t), "ftruncate64");
    return hit(HF_SWEEP_WRITE) ? -1 : real.function(fd, len);
}

int rename(const char *from, const char *to)
{
    REAL(int, (const char *, const char *), "rename");
    return hit(HF_SWEEP_WRITE) ? -1 : real.function(from, to);
}

int fsync(int fd)
{
    REAL(int, (int), "fsync");
    return hit(HF_SWEEP_SYNC) ? -1 : atomic_load(&no_syncs) ? 0 : real.function(fd);
}

int fdatasync(int fd)
{
    REAL(int, (int), "fdatasync");
    return hit(HF_SWEEP_SYNC) ? -1 : atomic_load(&no_syncs) ? 0 : real.function(fd);
}

int msync(void *ptr, size_t len, int flags)
{
    REAL(int, (void *, size_t, int), "msync");
    return hit(HF_SWEEP_SYNC) ? -1 : atomic_load(&no_syncs) ? 0 : real.function(ptr, len, flags);
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
