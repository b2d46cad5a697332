/* tests/sim/region/operate.h: what people and programs do at a Hub while the weather changes, so
 * that its memory has everything in it.
 */
#ifndef HF_TESTS_SIM_REGION_OPERATE_H
#define HF_TESTS_SIM_REGION_OPERATE_H

#include "tests/sim/region/world.h"

/* Commands, drawn, until the world is calm. */
void sim_operate_begin(struct sim_world *world);
void sim_operate_end(struct sim_world *world);

#endif
