/* tests/sim/region/secrets.h: values that must not stand in any log.
 *
 * Whatever is secret in a world is registered here when it is drawn; the checks look for all of it,
 * in every spelling, in the region's log and in those of the tenants.
 */
#ifndef HF_TESTS_SIM_REGION_SECRETS_H
#define HF_TESTS_SIM_REGION_SECRETS_H

#include "base/secret.h"

#define SIM_SECRETS_MAX 256

struct sim_world;

struct sim_secrets {
    struct hf_secret values[SIM_SECRETS_MAX];
    unsigned count;
};

/* Copies; one that is known already, as well. */
void sim_secrets_add(struct sim_world *world, struct hf_bytes value);
void sim_secrets_fini(struct sim_world *world);
/* Places in these logs where one of them stands. */
unsigned sim_secrets_in_region(struct sim_world *world);
unsigned sim_secrets_in_tenants(struct sim_world *world);
/* There is none. */
void sim_check_secrets(struct sim_world *world);

#endif
