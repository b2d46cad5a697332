/* tests/harness/host.c: a host's key and a folder for tests. */
#include "tests/harness/host.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/crypto.h"
#include "tests/harness/test.h"

void hf_test_host(const char *name, struct hf_env_sim *sim, struct hf_secret *ret_host_key,
                  char ret_dir[HF_PATH_MAX])
{
    struct hf_err err = {0};
    hf_env_sim_init(sim, hf_test_seed());
    HF_ASSERT(hf_crypto_init(&err) == HF_OK);
    HF_ASSERT(hf_secret_alloc(HF_SEAL_KEY_SIZE, ret_host_key) == HF_OK);
    hf_env_random(&sim->env, hf_secret_fill(ret_host_key), HF_SEAL_KEY_SIZE);
    (void)snprintf(ret_dir, HF_PATH_MAX, "%s/%s", hf_test_dir(), name);
    HF_ASSERT(hf_dir_create(ret_dir, 0700, true, &err) == HF_OK);
}
