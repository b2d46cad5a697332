/* tests/sim/region/checks.h: what must hold in a world that has settled. */
#ifndef HF_TESTS_SIM_REGION_CHECKS_H
#define HF_TESTS_SIM_REGION_CHECKS_H

#include "tests/sim/region/world.h"

/* The segments in the region's log hold, byte for byte, the entries of each tenant's log from the
 * first to the last; of a tenant whose identity was used twice, a prefix of one of the two. */
void sim_check_copies(struct sim_world *world);
/* Every event that an agent acknowledged is in its log, where it said. */
void sim_check_acknowledged(struct sim_world *world);
/* Every tenant's signs of life are taken, whatever clocks say; of one whose identity was used twice
 * nothing is asked. */
void sim_check_alive(struct sim_world *world);
/* What the Hub knows now is what a fresh fold of its log, as far as it knows it, gives: whether it
 * started from a snapshot or not. Nothing happens meanwhile. */
void sim_check_memory(struct sim_world *world);
/* Custody has the key of every subject that is kept, and of none that is erased. */
void sim_check_custody(struct sim_world *world);
/* The same after a restart, of what tenants are. */
void sim_check_fold(struct sim_world *world);

#endif
