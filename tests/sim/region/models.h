/* tests/sim/region/models.h: the region's read models, followed by a reader who is torn away.
 *
 * A projector follows the Hub's log while it lives, in steps of a random length, and goes on in its
 * store whenever the Hub is there again.
 */
#ifndef HF_TESTS_SIM_REGION_MODELS_H
#define HF_TESTS_SIM_REGION_MODELS_H

#include "projections/projector.h"

struct sim_world;

struct sim_models {
    struct hf_store *store;
    struct hf_projector *projector; /* NULL: the Hub is down */
    unsigned resumed;
};

/* A few steps, when the Hub is up. */
void sim_models_step(struct sim_world *world);
/* Before the Hub is closed. */
void sim_models_let_go(struct sim_world *world);
void sim_models_fini(struct sim_world *world);
/* In a settled world: each read model is, row by row, what a fresh replay gives. */
void sim_check_models(struct sim_world *world);

#endif
