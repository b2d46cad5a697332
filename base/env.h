/* base/env.h: clock and randomness, behind an interface.
 *
 * Nothing else in the product reads a clock or draws random bytes. Two implementations:
 * hf_env_os (any thread) and hf_env_sim (virtual time and a seeded generator, one thread).
 * Wall time is int64 microseconds since 1970 UTC, for people and events; mono time is uint64
 * nanoseconds from an arbitrary start, for measuring and timers; the two are never mixed.
 */
#ifndef HF_BASE_ENV_H
#define HF_BASE_ENV_H

#include <stddef.h>
#include <stdint.h>

struct hf_env;

struct hf_env_ops {
    int64_t (*wall_us)(struct hf_env *env);
    uint64_t (*mono_ns)(struct hf_env *env);
    void (*random)(struct hf_env *env, void *ptr, size_t len);
};

struct hf_env {
    const struct hf_env_ops *ops;
};

static inline int64_t hf_env_wall_us(struct hf_env *env)
{
    return env->ops->wall_us(env);
}

static inline uint64_t hf_env_mono_ns(struct hf_env *env)
{
    return env->ops->mono_ns(env);
}

/* Cryptographically strong with hf_env_os; a function of the seed with hf_env_sim. */
static inline void hf_env_random(struct hf_env *env, void *ptr, size_t len)
{
    env->ops->random(env, ptr, len);
}

/* The operating system's. Static, stateless, never freed. */
struct hf_env *hf_env_os(void);

/* A simulated one, in the caller's memory. Time moves only by hf_env_sim_advance, which
 * loop_sim calls. */
struct hf_env_sim {
    struct hf_env env;
    /* private */
    int64_t wall_us;
    uint64_t mono_ns;
    uint8_t key[32];
    uint64_t drawn;
};

void hf_env_sim_init(struct hf_env_sim *sim, uint64_t seed);
void hf_env_sim_advance(struct hf_env_sim *sim, uint64_t ns);
/* Somebody sets the clock: wall time jumps, mono time does not. */
void hf_env_sim_jump(struct hf_env_sim *sim, int64_t us);

/* One machine of a simulation: time passes and chance is drawn as in `sim`, but its wall clock is
 * off, and runs at a rate of its own. */
struct hf_env_machine {
    struct hf_env env;
    /* private */
    struct hf_env_sim *sim;
    int64_t ahead_us;  /* at since_ns */
    uint64_t since_ns; /* mono time at which the rate began */
    int64_t drift_ppm; /* microseconds that the clock gains in a second */
};

/* A clock that is right. Borrows sim. */
void hf_env_machine_init(struct hf_env_machine *machine, struct hf_env_sim *sim);
/* From now on the clock is off by ahead_us, and gains drift_ppm (-900,000 to 900,000). */
void hf_env_machine_set(struct hf_env_machine *machine, int64_t ahead_us, int64_t drift_ppm);
/* By how much the clock is ahead now. */
int64_t hf_env_machine_ahead_us(const struct hf_env_machine *machine);

#endif
