/* tools/holdfast/audit_approvals.h: who approved what, when and under which policy, in a bundle.
 *
 * Takes the events of a bundle in its order and keeps one row for each request; texts borrow from
 * the bundle. One thread.
 */
#ifndef HF_TOOLS_HOLDFAST_AUDIT_APPROVALS_H
#define HF_TOOLS_HOLDFAST_AUDIT_APPROVALS_H

#include "base/cli/cli.h"
#include "log/audit/bundle.h"
#include "schemas/envelope.h"

struct hf_audit_approval;

struct hf_audit_approvals {
    /* private */
    struct hf_audit_approval *rows;
    size_t count;
    size_t cap;
    enum hf_rc failed;
};

/* Events that are about something else are passed over. */
void hf_audit_approvals_take(struct hf_audit_approvals *approvals,
                             const struct hf_audit_event *event,
                             const struct hf_envelope *envelope);
/* Each request with its answer, the oldest first: for people, or a JSON object a line. */
enum hf_rc hf_audit_approvals_print(const struct hf_audit_approvals *approvals, struct hf_cli *cli,
                                    struct hf_err *err);
void hf_audit_approvals_free(struct hf_audit_approvals *approvals);

#endif
