/* hub/notifier_job.h: one message on its way, from the Hub's answer to the Hub's receipt. Used by
 * hub/notifier.c alone.
 */
#ifndef HF_HUB_NOTIFIER_JOB_H
#define HF_HUB_NOTIFIER_JOB_H

#include "base/json_in.h"
#include "base/sm.h"
#include "hub/notice_in.h"
#include "hub/notifier.h"

enum hf_job_state {
    HF_JOB_BRINGING,
    HF_JOB_REPORTING,
    HF_JOB_PAUSING,
    HF_JOB_DONE,
};

extern const struct hf_sm_conf hf_job_machine;

struct hf_job;

/* Begins one of the Hub's answer. NULL: no memory, the message makes no sense, or it is on its way
 * already. */
struct hf_job *hf_job_new(struct hf_notifier *notifier, const struct hf_json *notice,
                          void (*done)(struct hf_notifier *notifier));
/* Lets go of it, wherever it is. */
void hf_job_free(struct hf_job *job);
/* The first of the notifier's; NULL. */
struct hf_job *hf_job_first(struct hf_notifier *notifier);

/* What an answer of a push service means (RFC 8030). */
enum hf_event_notification_attempted_outcome hf_push_outcome(const struct hf_http_call *call);

#endif
