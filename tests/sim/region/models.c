/* tests/sim/region/models.c: read models that go on where they were, and fresh ones beside them. */
#include "tests/sim/region/models.h"

#include "projections/digest.h"
#include "projections/sqlite/store_sqlite.h"
#include "tests/harness/test.h"
#include "tests/sim/region/world.h"

#define PRIVATE "" /* SQLite's name for a database that goes with its connection */

static enum hf_rc open_projector(struct sim_world *w, struct hf_store *store,
                                 struct hf_projector **ret, struct hf_err *err)
{
    const struct hf_projector_conf conf = {
        .env = &w->sim.env, .store = store, .log = w->hub->log.log, .until = UINT64_MAX};
    return hf_projector_open(&conf, ret, err);
}

static bool up(const struct sim_world *w)
{
    return w->hub_machine.life == SIM_UP && w->hub->log.writer != NULL &&
           !sim_disk_crashed(&w->hub_machine.disk);
}

void sim_models_step(struct sim_world *w)
{
    struct sim_models *m = &w->models;
    struct hf_err err = {0};
    uint64_t events = 0;
    bool more = true;
    if (!up(w)) {
        return;
    }
    if (m->store == NULL) {
        HF_CHECK_OK(hf_store_sqlite_open(PRIVATE, &m->store, &err), err);
    }
    if (m->projector == NULL) {
        HF_CHECK_OK(open_projector(w, m->store, &m->projector, &err), err);
        m->resumed++;
    }
    hf_env_random(&w->sim.env, &events, sizeof events);
    HF_CHECK_OK(hf_projector_step(m->projector, 1 + events % 60, &more, &err), err);
}

void sim_models_let_go(struct sim_world *w)
{
    hf_projector_close(w->models.projector);
    w->models.projector = NULL;
}

void sim_models_fini(struct sim_world *w)
{
    sim_models_let_go(w);
    hf_store_close(w->models.store);
    w->models.store = NULL;
}

static void run_to_the_end(struct hf_projector *projector)
{
    struct hf_err err = {0};
    for (bool more = true; more;) {
        HF_CHECK_OK(hf_projector_step(projector, 100000, &more, &err), err);
    }
}

void sim_check_models(struct sim_world *w)
{
    struct hf_store *store = NULL;
    struct hf_projector *fresh = NULL;
    struct hf_err err = {0};
    uint64_t rows = 0;
    sim_models_step(w);
    HF_CHECK_OK(hf_store_sqlite_open(PRIVATE, &store, &err), err);
    HF_CHECK_OK(open_projector(w, store, &fresh, &err), err);
    run_to_the_end(w->models.projector);
    run_to_the_end(fresh);
    HF_CHECK_U64(hf_projector_position(fresh), hf_projector_position(w->models.projector));
    for (size_t i = 0; hf_projections[i] != NULL; i++) {
        struct hf_hash digests[2];
        uint64_t count = 0;
        HF_CHECK_OK(hf_projection_digest(store, hf_projections[i], &digests[0], &count, &err), err);
        HF_CHECK_OK(
            hf_projection_digest(w->models.store, hf_projections[i], &digests[1], &count, &err),
            err);
        rows += count;
        if (!hf_hash_eq(&digests[0], &digests[1])) {
            hf_test_fail(__FILE__, __LINE__,
                         "the read model %s, after %u resumptions, is not what a fresh "
                         "replay gives",
                         hf_projections[i]->name, w->models.resumed);
        }
    }
    HF_CHECK(rows > 0);
    hf_projector_close(fresh);
    hf_store_close(store);
}
