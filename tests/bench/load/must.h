/* tests/bench/load/must.h: a measurement ends at its first own failure, saying which. */
#ifndef HF_TESTS_BENCH_LOAD_MUST_H
#define HF_TESTS_BENCH_LOAD_MUST_H

#include <stdio.h>
#include <unistd.h>

#include "base/env.h"
#include "base/err.h"

static inline void must(enum hf_rc rc, const struct hf_err *err, const char *what)
{
    if (rc != HF_OK) {
        (void)fprintf(stderr, "bench: %s: %s %s\n", what, hf_rc_name(rc),
                      err == NULL ? "" : err->text);
        _exit(3);
    }
}

static inline double now_s(void)
{
    return (double)hf_env_mono_ns(hf_env_os()) / 1e9;
}

#endif
