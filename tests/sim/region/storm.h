/* tests/sim/region/storm.h: what goes wrong in a world, and when. */
#ifndef HF_TESTS_SIM_REGION_STORM_H
#define HF_TESTS_SIM_REGION_STORM_H

#include "tests/sim/region/world.h"

extern const struct sim_weather sim_fair_weather;

void sim_storm_init(struct sim_world *world);
/* A tenant's timer `calm`. */
void sim_weather_calms(struct hf_timer *timer);

/* Of world.c: power off. */
void sim_crash_agent(struct sim_tenant *tenant);
void sim_crash_hub(struct sim_world *world);
/* A machine that starts within 10 s. */
void sim_tenant_begin(struct sim_world *world, struct sim_tenant *tenant, const char *name);

#endif
