/* base/env_sim.c: virtual time and randomness from a seed. */
#include <sodium.h>
#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/env.h"

static struct hf_env_sim *sim_of(struct hf_env *env)
{
    return HF_CONTAINER_OF(env, struct hf_env_sim, env);
}

static int64_t wall_us(struct hf_env *env)
{
    return sim_of(env)->wall_us;
}

static uint64_t mono_ns(struct hf_env *env)
{
    return sim_of(env)->mono_ns;
}

/* Each draw is a stream of its own: ChaCha20 keyed by the seed and the number of the draw. */
static void random_bytes(struct hf_env *env, void *ptr, size_t len)
{
    struct hf_env_sim *sim = sim_of(env);
    uint8_t key[32];
    memcpy(key, sim->key, sizeof key);
    hf_be64_put(key + 24, ++sim->drawn);
    randombytes_buf_deterministic(ptr, len, key);
}

void hf_env_sim_init(struct hf_env_sim *sim, uint64_t seed)
{
    static const struct hf_env_ops ops = {wall_us, mono_ns, random_bytes};
    memset(sim, 0, sizeof *sim);
    sim->env.ops = &ops;
    sim->wall_us = INT64_C(1767225600000000); /* 2026-01-01T00:00:00Z */
    hf_be64_put(sim->key, seed);
}

void hf_env_sim_advance(struct hf_env_sim *sim, uint64_t ns)
{
    /* From the sum, so that many small steps do not lose microseconds. */
    uint64_t before = sim->mono_ns / 1000;
    sim->mono_ns += ns;
    sim->wall_us += (int64_t)(sim->mono_ns / 1000 - before);
}

void hf_env_sim_jump(struct hf_env_sim *sim, int64_t us)
{
    sim->wall_us += us;
}
