/* commands/directive.h: what a region may tell a tenant's agent to do, on both sides.
 *
 * A directive is an event directive.issued in the region's log, in the stream directive/TENANT or,
 * for all tenants, of the address "*", which no tenant can have. Its number grows
 * by one with each directive of the region, whoever it is for. Pure: the time is an argument.
 */
#ifndef HF_COMMANDS_DIRECTIVE_H
#define HF_COMMANDS_DIRECTIVE_H

#include "base/crypto.h"
#include "base/err.h"
#include "commands/budget.h"
#include "commands/manifest.h"
#include "commands/tenant.h"
#include "schemas/events_gen.h"
#include "schemas/personal.h"

#define HF_DIRECTIVE_ALL          "*"
#define HF_DIRECTIVE_STREAM       "directive/"
#define HF_DIRECTIVE_PAUSE_MAX_S  3600
#define HF_DIRECTIVE_PROBE_PREFIX "probe-"
#define HF_DIRECTIVE_LIFE_MAX_US  (INT64_C(7) * 86400 * 1000000)

enum hf_directive_kind {
    HF_DIRECTIVE_REFRESH,       /* heartbeat and replicate at once */
    HF_DIRECTIVE_PAUSE_UPLOADS, /* parameters "seconds=N" */
    HF_DIRECTIVE_ROTATE_KEY,    /* take the next API key */
    HF_DIRECTIVE_DECIDE,        /* an approval has its answer: "approval=NAME,request=HEX,
                                   decision=approved" or "denied", for one tenant only; issued by
                                   the region itself, behind the decision */
    HF_DIRECTIVE_BUDGET,        /* commands/budget.h: its parameters are the budget */
    HF_DIRECTIVE_ACTIVATE,      /* run the artifact that the event names: "slot=SLOT" */
    HF_DIRECTIVE_PROBE,         /* ask for approval of nothing: "approval=NAME", which begins with
                                   HF_DIRECTIVE_PROBE_PREFIX; by the region, for one tenant */
    HF_DIRECTIVE_ERASE,         /* erase the key of a subject: "subject=HEX"; issued by the region
                                   itself, behind the erasure, for one tenant */
};

struct hf_directive {
    enum hf_directive_kind kind;
    uint64_t seconds;  /* of a pause */
    char approval[49]; /* of a decision */
    struct hf_hash request;
    bool approved;
    struct hf_budget budget;
    enum hf_slot slot; /* of an activation */
    struct hf_hash artifact;
    struct hf_subject subject; /* of an erasure */
};

/* What the kind and its parameters mean. HF_ENOSYS: no kind that is known here; HF_EINVAL: the
 * parameters are not those of the kind. */
enum hf_rc hf_directive_read(const struct hf_event_directive_issued *event,
                             struct hf_directive *ret, struct hf_err *err);

/* The parameters of a decision and of an erasure; at most HF_DIRECTIVE_PARAMETERS characters. */
#define HF_DIRECTIVE_PARAMETERS 160
struct hf_str hf_directive_decide_write(const struct hf_directive *directive,
                                        char out[HF_DIRECTIVE_PARAMETERS]);
struct hf_str hf_directive_erase_write(const struct hf_subject *subject,
                                       char out[HF_DIRECTIVE_PARAMETERS]);

/* Decider: may somebody issue it now? `last`: number of the newest directive of the region; the
 * event's number must be the next one. HF_EINVAL; HF_EPERM when it is for one tenant (not NULL)
 * that is not active. */
enum hf_rc hf_directive_may_issue(const struct hf_event_directive_issued *event, uint64_t last,
                                  const struct hf_tenant *tenant, int64_t now_us,
                                  struct hf_err *err);

#endif
