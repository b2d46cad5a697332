/* projections/approval_verdict.c: judges whether a request for approval reached people in time. */
#include "projections/approval_verdict.h"

static bool soon(const struct hf_approval_known *k, int64_t us)
{
    return us != 0 && us - k->routed_us <= HF_APPROVAL_NOTIFY_US;
}

enum hf_approval_verdict hf_approval_judge(const struct hf_approval_known *k)
{
    bool before_end = k->decided_us == 0 || k->notified_us <= k->decided_us;
    if (k->notified_us != 0 && before_end) {
        return soon(k, k->notified_us) ? HF_VERDICT_IN_TIME : HF_VERDICT_LATE;
    }
    if (k->decided_us == 0) {
        return HF_VERDICT_NONE;
    }
    if (soon(k, k->seen_us) || (k->by_person && soon(k, k->decided_us))) {
        return HF_VERDICT_ANSWERED;
    }
    if (k->withdrawn && soon(k, k->decided_us)) {
        return HF_VERDICT_WITHDRAWN;
    }
    return k->tried ? HF_VERDICT_IN_VAIN : HF_VERDICT_UNTRIED;
}

const char *hf_approval_verdict_name(enum hf_approval_verdict verdict)
{
    static const char *const names[HF_VERDICTS] = {
        [HF_VERDICT_NONE] = "",
        [HF_VERDICT_IN_TIME] = "in-time",
        [HF_VERDICT_LATE] = "late",
        [HF_VERDICT_ANSWERED] = "answered",
        [HF_VERDICT_WITHDRAWN] = "withdrawn",
        [HF_VERDICT_IN_VAIN] = "in-vain",
        [HF_VERDICT_UNTRIED] = "untried",
    };

    return names[verdict];
}
