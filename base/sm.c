/* base/sm.c: moves machines along their tables. */
#include "base/sm.h"

#include <stdio.h>

#include "base/assert.h"

void hf_sm_init(struct hf_sm *sm, const struct hf_sm_conf *conf, hf_sm_invariant_fn *invariant,
                int state, uint64_t id)
{
    HF_ASSERT(conf->count > 0 && conf->count <= 64 && state >= 0 && state < conf->count);
    HF_ASSERT((conf->states[state].flags & HF_SM_INITIAL) != 0);
    *sm = (struct hf_sm){.state = state, .id = id, .conf = conf, .invariant = invariant};
    HF_ASSERT(invariant == NULL || invariant(sm));
}

void hf_sm_trace(struct hf_sm *sm, hf_sm_trace_fn *trace, void *arg)
{
    sm->trace = trace;
    sm->trace_arg = arg;
}

void hf_sm_move(struct hf_sm *sm, int state)
{
    const struct hf_sm_state *from = &sm->conf->states[sm->state];
    HF_ASSERT(state >= 0 && state < sm->conf->count);
    if ((from->allowed & HF_SM_TO(state)) == 0 || (from->flags & HF_SM_FINAL) != 0) {
        (void)fprintf(stderr, "%s %llu: %s -> %s is not in its table\n", sm->conf->name,
                      (unsigned long long)sm->id, from->name, sm->conf->states[state].name);
        HF_UNREACHABLE("a machine moved against its table");
    }
    int old = sm->state;
    sm->state = state;
    if (sm->trace != NULL) {
        sm->trace(sm->trace_arg, sm, old, state);
    }
    HF_ASSERT(sm->invariant == NULL || sm->invariant(sm));
}

const char *hf_sm_state_name(const struct hf_sm *sm)
{
    return sm->conf->states[sm->state].name;
}

bool hf_sm_final(const struct hf_sm *sm)
{
    return (sm->conf->states[sm->state].flags & HF_SM_FINAL) != 0;
}

void hf_sm_edges(const struct hf_sm_conf *conf, struct hf_writer *w)
{
    for (int from = 0; from < conf->count; from++) {
        for (int to = 0; to < conf->count; to++) {
            if ((conf->states[from].allowed & HF_SM_TO(to)) != 0) {
                hf_writer_printf(w, "%s -> %s\n", conf->states[from].name, conf->states[to].name);
            }
        }
    }
}
