/* commands/cutover.h: a region goes over from the old provisioning flow to the new one, in six
 * steps that come in order; each opens or closes a way.
 *
 *   step                  from then on
 *   1 freeze-legacy       the orchestrator's and the administrators' own deployments are refused
 *   2 cleanup-release     the release that removes what must not go along is out
 *   3 enable-registration agents of the new flow may register and give signs of life
 *   4 first-tenant        the first internal tenant of the new flow stands
 *   5 parallel-run        both flows, sandbox tenants only in the new one, for a time that is set
 *   6 flip-default        orders go to the new flow; the old one is closed
 *
 * A region that never began a cutover has no old flow: everything goes the new way. The state is a
 * fold of the stream cutover/REGION. Pure: the time and the facts are arguments.
 */
#ifndef HF_COMMANDS_CUTOVER_H
#define HF_COMMANDS_CUTOVER_H

#include <stdbool.h>

#include "base/err.h"
#include "commands/tenant.h"
#include "schemas/envelope.h"

enum hf_cutover_step {
    HF_CUTOVER_NONE, /* begun, no step is done */
    HF_CUTOVER_FREEZE_LEGACY,
    HF_CUTOVER_CLEANUP_RELEASE,
    HF_CUTOVER_ENABLE_REGISTRATION,
    HF_CUTOVER_FIRST_TENANT,
    HF_CUTOVER_PARALLEL_RUN,
    HF_CUTOVER_FLIP_DEFAULT,
};

/* Ways on which something can come to a server. */
enum hf_provision_way {
    HF_WAY_LEGACY_DEPLOY, /* by the old orchestrator or an administrator's hand */
    HF_WAY_OLD_FLOW,      /* the old provisioning of orders */
    HF_WAY_NEW_FLOW,
};

struct hf_cutover {
    uint64_t version; /* of its stream; 0: never begun */
    enum hf_cutover_step step;
    int64_t window_until_us; /* of the parallel run */
    int64_t since_us;        /* of the step */
};

/* What the Hub knows of its tenants when a step is wished for. */
struct hf_cutover_facts {
    uint64_t sandboxes;       /* registered, active tenants in the ring sandbox */
    uint64_t sandboxes_fresh; /* of them: gave a sign of life in the last two minutes */
    int64_t now_us;
};

/* Takes one event of its stream, in order. HF_ECORRUPT. */
enum hf_rc hf_cutover_fold(struct hf_cutover *cutover, const struct hf_envelope *envelope,
                           struct hf_err *err);

/* Deciders. HF_EEXIST, HF_EPERM with what is missing. */
enum hf_rc hf_cutover_may_begin(const struct hf_cutover *cutover, struct hf_err *err);
/* window_until_us: of the step parallel-run, else 0. */
enum hf_rc hf_cutover_may_advance(const struct hf_cutover *cutover, enum hf_cutover_step step,
                                  int64_t window_until_us, const struct hf_cutover_facts *facts,
                                  struct hf_err *err);
/* Takes the last step back. The freeze stays: what it closed is gone for good. */
enum hf_rc hf_cutover_may_revert(const struct hf_cutover *cutover, struct hf_err *err);

/* The gates. HF_EPERM says which step closed the way or has yet to open it. */
enum hf_rc hf_cutover_may_provision(const struct hf_cutover *cutover, enum hf_provision_way way,
                                    enum hf_ring ring, struct hf_err *err);
/* A tenant that came as a sandbox leaves that ring only when the new flow takes such as it becomes:
 * else every customer could come by this way. */
enum hf_rc hf_cutover_may_move(const struct hf_cutover *cutover, enum hf_ring from, enum hf_ring to,
                               struct hf_err *err);
enum hf_rc hf_cutover_may_register(const struct hf_cutover *cutover, struct hf_err *err);
/* The way that an order goes when it names none. */
enum hf_provision_way hf_cutover_default_way(const struct hf_cutover *cutover);

/* "none", "freeze-legacy" and so on. */
const char *hf_cutover_step_name(enum hf_cutover_step step);
enum hf_rc hf_cutover_step_parse(struct hf_str text, enum hf_cutover_step *ret, struct hf_err *err);
const char *hf_provision_way_name(enum hf_provision_way way);
enum hf_rc hf_provision_way_parse(struct hf_str text, enum hf_provision_way *ret,
                                  struct hf_err *err);

#endif
