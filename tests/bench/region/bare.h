/* tests/bench/region/bare.h: the least that any server does for a signed thing that it keeps. */
#ifndef HF_TESTS_BENCH_REGION_BARE_H
#define HF_TESTS_BENCH_REGION_BARE_H

#include "base/bytes.h"

/* Verifies an Ed25519 signature and, when there are bytes, puts them into LMDB, durable with each
 * `batch`-th; again and again for about `seconds`. Says the processor time of one, in microseconds.
 * The file is made and removed. */
double bare_us(const char *path, struct hf_bytes bytes, unsigned batch, double seconds);

#endif
