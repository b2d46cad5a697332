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

/* a machine of its own */

static struct hf_env_machine *machine_of(struct hf_env *env)
{
    return HF_CONTAINER_OF(env, struct hf_env_machine, env);
}

static int64_t machine_wall_us(struct hf_env *env)
{
    const struct hf_env_machine *machine = machine_of(env);
    return machine->sim->wall_us + hf_env_machine_ahead_us(machine);
}

static uint64_t machine_mono_ns(struct hf_env *env)
{
    return machine_of(env)->sim->mono_ns;
}

static void machine_random(struct hf_env *env, void *ptr, size_t len)
{
    random_bytes(&machine_of(env)->sim->env, ptr, len);
}

void hf_env_machine_init(struct hf_env_machine *machine, struct hf_env_sim *sim)
{
    static const struct hf_env_ops ops = {machine_wall_us, machine_mono_ns, machine_random};
    *machine = (struct hf_env_machine){.env = {&ops}, .sim = sim, .since_ns = sim->mono_ns};
}

void hf_env_machine_set(struct hf_env_machine *machine, int64_t ahead_us, int64_t drift_ppm)
{
    HF_ASSERT(drift_ppm >= -900000 && drift_ppm <= 900000); /* a clock never stands still */
    machine->ahead_us = ahead_us;
    machine->drift_ppm = drift_ppm;
    machine->since_ns = machine->sim->mono_ns;
}

int64_t hf_env_machine_ahead_us(const struct hf_env_machine *machine)
{
    /* In milliseconds, so that years of a simulation do not overflow. */
    int64_t passed_ms = (int64_t)((machine->sim->mono_ns - machine->since_ns) / 1000000);
    return machine->ahead_us + passed_ms * machine->drift_ppm / 1000;
}
