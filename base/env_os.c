/* base/env_os.c: the operating system's clock and randomness. */
#include <sodium.h>
#include <time.h>

#include "base/env.h"

static int64_t wall_us(struct hf_env *env)
{
    (void)env;
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static uint64_t mono_ns(struct hf_env *env)
{
    (void)env;
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void random_bytes(struct hf_env *env, void *ptr, size_t len)
{
    (void)env;
    randombytes_buf(ptr, len);
}

struct hf_env *hf_env_os(void)
{
    static const struct hf_env_ops ops = {wall_us, mono_ns, random_bytes};
    /* Not changed by anybody; not const because the interface's receiver is not. */
    static struct hf_env env = {&ops};
    return &env;
}
