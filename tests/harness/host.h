/* tests/harness/host.h: what a test of sealed files needs of a host: its key, and a folder. */
#ifndef HF_TESTS_HARNESS_HOST_H
#define HF_TESTS_HARNESS_HOST_H

#include "base/env.h"
#include "base/file.h"
#include "base/secret.h"

/* Begins the simulated environment, draws the host's key out of it, and makes the folder `name` in
 * the test's own. The caller frees the key. */
void hf_test_host(const char *name, struct hf_env_sim *sim, struct hf_secret *ret_host_key,
                  char ret_dir[HF_PATH_MAX]);

#endif
