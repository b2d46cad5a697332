/* tests/unit/tenant/vault_world.h: a vault in a folder of its own, opened again and again. */
#ifndef HF_TESTS_UNIT_TENANT_VAULT_WORLD_H
#define HF_TESTS_UNIT_TENANT_VAULT_WORLD_H

#include "tenant/vault.h"
#include "tests/harness/host.h"

struct world {
    struct hf_env_sim sim;
    struct hf_secret host_key;
    struct hf_vault *vault;
    struct hf_err err;
    char dir[HF_PATH_MAX];
};

static inline void world_init(struct world *w, const char *name)
{
    *w = (struct world){.vault = NULL};
    hf_test_host(name, &w->sim, &w->host_key, w->dir);
}

static inline void world_fini(struct world *w)
{
    hf_vault_close(w->vault);
    hf_secret_free(&w->host_key);
}

static inline enum hf_rc reopen(struct world *w)
{
    const struct hf_vault_conf conf = {
        .env = &w->sim.env, .disk = hf_disk_os(), .host_key = &w->host_key, .dir = w->dir};
    hf_vault_close(w->vault);
    w->vault = NULL;
    w->err = (struct hf_err){0};
    return hf_vault_open(&conf, &w->vault, &w->err);
}

#endif
