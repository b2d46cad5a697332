/* commands/approval.h: a request for approval as the region knows it, and who may answer it.
 *
 * The request itself stands in the tenant's log. The region's part is the stream
 * approval-decision/TENANT/APPROVAL: approval.routed when the request has come, approval.decided,
 * once. The state is a fold of that stream. An answer is bound to the submission hash of the
 * request, which binds the exact action, the policy and the session. Pure: the time is an argument.
 */
#ifndef HF_COMMANDS_APPROVAL_H
#define HF_COMMANDS_APPROVAL_H

#include <stdbool.h>

#include "base/crypto.h"
#include "base/err.h"
#include "commands/principal.h"
#include "schemas/envelope.h"
#include "schemas/events_gen.h"
#include "schemas/personal.h"

#define HF_APPROVAL_STREAM       "approval-decision/"
#define HF_APPROVAL_NAME_MAX     48
#define HF_APPROVAL_TEXT_MAX     128
#define HF_APPROVAL_REASON_MAX   512
#define HF_APPROVAL_LIFE_MAX_US  (INT64_C(86400) * 1000000) /* longer ones end after a day */
#define HF_APPROVAL_SUBJECT_SIZE (HF_TENANT_NAME_MAX + HF_APPROVAL_NAME_MAX + 2)

enum hf_approval_state {
    HF_APPROVAL_NONE,
    HF_APPROVAL_PENDING,
    HF_APPROVAL_APPROVED,
    HF_APPROVAL_DENIED,
    HF_APPROVAL_EXPIRED,
    HF_APPROVAL_CANCELLED,
};

struct hf_approval {
    char tenant[HF_TENANT_NAME_MAX + 1];
    char name[HF_APPROVAL_NAME_MAX + 1];
    uint64_t version; /* of its stream; 0: not routed yet */
    enum hf_approval_state state;
    struct hf_hash request; /* its submission hash */
    struct hf_hash action;
    uint64_t segment; /* where the request stands: entry of the region's log, event inside */
    uint32_t offset;
    char tool[HF_APPROVAL_TEXT_MAX + 1];
    enum hf_event_approval_routed_risk risk;
    bool has_subject;
    struct hf_subject subject; /* whom what is sealed in the request is about */
    bool probe;
    int64_t requested_us; /* by the tenant's clock */
    int64_t expires_us;
    int64_t routed_us;
    int64_t decided_us;
    char approver[HF_APPROVAL_TEXT_MAX + 1]; /* empty: nobody */
};

/* The two names of a stream "KIND/TENANT/APPROVAL". HF_ENOTFOUND: it is of another kind. */
enum hf_rc hf_approval_of_stream(struct hf_str stream, const char *kind, struct hf_str *ret_tenant,
                                 struct hf_str *ret_name);
/* Takes one event of its stream, in order. HF_ECORRUPT. */
enum hf_rc hf_approval_fold(struct hf_approval *approval, const struct hf_envelope *envelope,
                            struct hf_err *err);

/* The principal that a requester names, as NAME or principal:NAME; other forms give a name that no
 * principal can have. */
struct hf_str hf_approval_asker(struct hf_str requester);

struct hf_approval_answer {
    const struct hf_principal *by;
    struct hf_str requester;          /* as the request says; empty: not known */
    const struct hf_principal *asker; /* that hf_approval_asker names; NULL: there is none */
    const char *closed;               /* why what the request says cannot be read; NULL: it can */
    bool approves;
    const struct hf_hash *request; /* what they were shown; NULL: not said */
    struct hf_str reason;          /* may be empty */
};

/* Decider. HF_ENOTFOUND; HF_EEXIST: it has an answer, said whose; HF_ECONFLICT: it is expired, or
 * the answer is for another request; HF_EPERM: nobody approves what they asked for; HF_EPRUNED:
 * nobody approves what nobody can read. That the principal has the role and reaches the tenant is
 * the caller's to know.
 *
 * Who asked is compared with who answers by the principal's name and by its person (what channels
 * call it), both without regard to the case of letters, and person with person when the requester
 * is a principal too. */
enum hf_rc hf_approval_may_decide(const struct hf_approval *approval,
                                  const struct hf_approval_answer *answer, int64_t now_us,
                                  struct hf_err *err);

/* Did this principal ask for it? asker: whom hf_approval_asker names; NULL: there is none. */
bool hf_approval_is_requester(struct hf_str requester, const struct hf_principal *asker,
                              const struct hf_principal *principal);

const char *hf_approval_state_name(enum hf_approval_state state);

#endif
