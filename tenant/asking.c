/* tenant/asking.c: counts requests for approval that wait. */
#include "tenant/asking.h"

#include "base/crypto.h"
#include "schemas/events_gen.h"

static uint64_t hash_of(struct hf_str name)
{
    struct hf_hash hash;
    hf_sha256(hf_str_bytes(name), &hash);
    return hf_be64_get(hash.b);
}

/* Those that wait no longer, and the one of this name, go; the order is of no meaning. */
static void drop(struct hf_agent_asking *asking, uint64_t name, int64_t now_us)
{
    for (unsigned i = 0; i < asking->count;) {
        if (asking->open[i].name == name || asking->open[i].expires_us <= now_us) {
            asking->open[i] = asking->open[--asking->count];
        } else {
            i++;
        }
    }
}

static enum hf_rc take_request(struct hf_agent_asking *asking, const struct hf_envelope *event,
                               int64_t now_us, struct hf_err *err)
{
    struct hf_event_approval_requested request;
    enum hf_rc rc = hf_event_approval_requested_decode(event->payload, &request, err);
    if (rc != HF_OK) {
        return rc;
    }
    uint64_t name = hash_of(request.approval);
    drop(asking, name, now_us);
    if (asking->count == HF_AGENT_ASKING_MAX) {
        return hf_err_set(err, HF_EBUSY,
                          "%u requests for approval wait already: deny this call, and ask again "
                          "when people have answered",
                          asking->count);
    }
    asking->open[asking->count].name = name;
    asking->open[asking->count].expires_us = request.expires;
    asking->count++;
    return HF_OK;
}

enum hf_rc hf_agent_asking_take(struct hf_agent_asking *asking, const struct hf_envelope *event,
                                int64_t now_us, struct hf_err *err)
{
    struct hf_event_approval_withdrawn withdrawn;
    struct hf_event_approval_enforced enforced;
    enum hf_rc rc = HF_OK;
    if (hf_str_eq(event->type, HF_STR(HF_EVENT_APPROVAL_REQUESTED_NAME))) {
        rc = take_request(asking, event, now_us, err);
    } else if (hf_str_eq(event->type, HF_STR(HF_EVENT_APPROVAL_WITHDRAWN_NAME))) {
        rc = hf_event_approval_withdrawn_decode(event->payload, &withdrawn, err);
        if (rc == HF_OK) {
            hf_agent_asking_end(asking, withdrawn.approval);
        }
    } else if (hf_str_eq(event->type, HF_STR(HF_EVENT_APPROVAL_ENFORCED_NAME))) {
        rc = hf_event_approval_enforced_decode(event->payload, &enforced, err);
        if (rc == HF_OK) {
            hf_agent_asking_end(asking, enforced.approval);
        }
    }
    return rc;
}

void hf_agent_asking_end(struct hf_agent_asking *asking, struct hf_str approval)
{
    drop(asking, hash_of(approval), INT64_MIN);
}
