/* tests/bench/load/pin.h: the pin of a certificate in a file. */
#ifndef HF_TESTS_BENCH_LOAD_PIN_H
#define HF_TESTS_BENCH_LOAD_PIN_H

#include "base/crypto.h"

/* SHA-256 of the public key of the first certificate in a PEM file. */
void load_pin(const char *path, struct hf_hash *ret_pin);

#endif
