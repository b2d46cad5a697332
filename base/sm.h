/* base/sm.h: checked explicit state machines.
 *
 * A machine is a struct hf_sm in its owner, a const table of states (name, allowed next states
 * as a bit mask, flags) and an optional invariant that runs after every move. A move that the
 * table does not allow is a programmer error and aborts with both state names. Long flows (more
 * than two waits, or any cancel path) are written this way: callbacks store their result and
 * call the machine's step. At most 64 states.
 */
#ifndef HF_BASE_SM_H
#define HF_BASE_SM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

enum hf_sm_flags {
    HF_SM_INITIAL = 1, /* a machine may start here */
    HF_SM_FINAL = 2,   /* no move leaves it */
};

struct hf_sm_state {
    const char *name;
    uint64_t allowed; /* bit mask of the states that may follow: HF_SM_TO(X) | HF_SM_TO(Y) */
    unsigned flags;   /* of enum hf_sm_flags */
};

#define HF_SM_TO(state) (UINT64_C(1) << (state))

struct hf_sm_conf {
    const char *name; /* of the machine, for messages */
    const struct hf_sm_state *states;
    int count;
};

struct hf_sm;
/* True when the owner's invariant holds in the machine's current state. */
typedef bool hf_sm_invariant_fn(const struct hf_sm *sm);

/* One traced move; the hook is for tests and for the ring buffer of a process. */
typedef void hf_sm_trace_fn(void *arg, const struct hf_sm *sm, int from, int to);

struct hf_sm {
    /* read-only */
    int state;
    uint64_t id; /* told apart in traces */
    /* private */
    const struct hf_sm_conf *conf;
    hf_sm_invariant_fn *invariant;
    hf_sm_trace_fn *trace;
    void *trace_arg;
};

/* state must be flagged HF_SM_INITIAL. invariant may be NULL. Borrows conf for its life. */
void hf_sm_init(struct hf_sm *sm, const struct hf_sm_conf *conf, hf_sm_invariant_fn *invariant,
                int state, uint64_t id);
void hf_sm_trace(struct hf_sm *sm, hf_sm_trace_fn *trace, void *arg);
/* Aborts when the table forbids it or the invariant fails afterwards. */
void hf_sm_move(struct hf_sm *sm, int state);
const char *hf_sm_state_name(const struct hf_sm *sm);
bool hf_sm_final(const struct hf_sm *sm);
/* Writes "FROM -> TO\n" for every edge of the table, in order: what a diagram is tested against. */
void hf_sm_edges(const struct hf_sm_conf *conf, struct hf_writer *w);

#endif
