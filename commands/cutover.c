/* commands/cutover.c: folds and decides about a region's cutover. */
#include "commands/cutover.h"

#include "base/assert.h"
#include "schemas/events_gen.h"

/* The specification's limit of heartbeat drop: 3 of 100. */
#define FRESH_PERCENT 97

static const char *const steps[] = {
    "none",         "freeze-legacy", "cleanup-release", "enable-registration",
    "first-tenant", "parallel-run",  "flip-default"};
static const char *const ways[] = {"legacy-deploy", "old-flow", "new-flow"};

const char *hf_cutover_step_name(enum hf_cutover_step step)
{
    return steps[step];
}

enum hf_rc hf_cutover_step_parse(struct hf_str text, enum hf_cutover_step *ret, struct hf_err *err)
{
    for (size_t i = 1; i < HF_LEN(steps); i++) {
        if (hf_str_eq(text, hf_str_c(steps[i]))) {
            *ret = (enum hf_cutover_step)i;
            return HF_OK;
        }
    }
    return hf_err_set(err, HF_EINVAL,
                      "a step is one of freeze-legacy, cleanup-release, enable-registration, "
                      "first-tenant, parallel-run, flip-default");
}

const char *hf_provision_way_name(enum hf_provision_way way)
{
    return ways[way];
}

enum hf_rc hf_provision_way_parse(struct hf_str text, enum hf_provision_way *ret,
                                  struct hf_err *err)
{
    for (size_t i = 0; i < HF_LEN(ways); i++) {
        if (hf_str_eq(text, hf_str_c(ways[i]))) {
            *ret = (enum hf_provision_way)i;
            return HF_OK;
        }
    }
    return hf_err_set(err, HF_EINVAL, "a way is one of legacy-deploy, old-flow, new-flow");
}

/* folding */

static enum hf_rc fold_advanced(struct hf_cutover *cutover, const struct hf_envelope *envelope,
                                struct hf_err *err)
{
    struct hf_event_cutover_advanced event;
    enum hf_rc rc = hf_event_cutover_advanced_decode(envelope->payload, &event, err);
    if (rc == HF_OK) {
        cutover->step = (enum hf_cutover_step)(event.step + 1);
        cutover->since_us = envelope->occurred_us;
        if (event.has_window_until) {
            cutover->window_until_us = event.window_until;
        }
    }
    return rc;
}

static enum hf_rc fold_reverted(struct hf_cutover *cutover, const struct hf_envelope *envelope,
                                struct hf_err *err)
{
    struct hf_event_cutover_reverted event;
    enum hf_rc rc = hf_event_cutover_reverted_decode(envelope->payload, &event, err);
    if (rc == HF_OK) {
        cutover->step = (enum hf_cutover_step)event.step; /* the one before it */
        cutover->since_us = envelope->occurred_us;
    }
    return rc;
}

enum hf_rc hf_cutover_fold(struct hf_cutover *cutover, const struct hf_envelope *envelope,
                           struct hf_err *err)
{
    cutover->version = envelope->version;
    if (hf_str_eq(envelope->type, HF_STR(HF_EVENT_CUTOVER_BEGUN_NAME))) {
        cutover->step = HF_CUTOVER_NONE;
        cutover->since_us = envelope->occurred_us;
    } else if (hf_str_eq(envelope->type, HF_STR(HF_EVENT_CUTOVER_ADVANCED_NAME))) {
        return fold_advanced(cutover, envelope, err);
    } else if (hf_str_eq(envelope->type, HF_STR(HF_EVENT_CUTOVER_REVERTED_NAME))) {
        return fold_reverted(cutover, envelope, err);
    }
    return HF_OK;
}

/* deciding */

enum hf_rc hf_cutover_may_begin(const struct hf_cutover *cutover, struct hf_err *err)
{
    return cutover->version == 0
               ? HF_OK
               : hf_err_set(err, HF_EEXIST, "the cutover of this region has begun already");
}

static enum hf_rc enough_for(enum hf_cutover_step step, const struct hf_cutover *cutover,
                             int64_t window_until_us, const struct hf_cutover_facts *facts,
                             struct hf_err *err)
{
    bool fresh =
        facts->sandboxes > 0 && facts->sandboxes_fresh * 100 >= facts->sandboxes * FRESH_PERCENT;
    if (step >= HF_CUTOVER_FIRST_TENANT && !fresh) {
        return hf_err_set(err, HF_EPERM,
                          "of %llu registered sandbox tenants %llu gave a sign of life in the last "
                          "two minutes; this step needs at least one, and %d of 100 of them",
                          (unsigned long long)facts->sandboxes,
                          (unsigned long long)facts->sandboxes_fresh, FRESH_PERCENT);
    }
    if (step == HF_CUTOVER_PARALLEL_RUN && window_until_us <= facts->now_us) {
        return hf_err_set(err, HF_EINVAL, "a parallel run needs an end that lies ahead");
    }
    if (step == HF_CUTOVER_FLIP_DEFAULT && facts->now_us < cutover->window_until_us) {
        int64_t left = (cutover->window_until_us - facts->now_us) / 60000000 + 1;
        return hf_err_set(err, HF_EPERM, "the parallel run is not over: %lld minutes are left",
                          (long long)left);
    }
    return HF_OK;
}

enum hf_rc hf_cutover_may_advance(const struct hf_cutover *cutover, enum hf_cutover_step step,
                                  int64_t window_until_us, const struct hf_cutover_facts *facts,
                                  struct hf_err *err)
{
    HF_ASSERT(step > HF_CUTOVER_NONE && step <= HF_CUTOVER_FLIP_DEFAULT);
    if (cutover->version == 0) {
        return hf_err_set(err, HF_EPERM, "no cutover has begun in this region; begin it first");
    }
    if (step <= cutover->step) {
        return hf_err_set(err, HF_EEXIST, "this step is done already");
    }
    if (step != cutover->step + 1) {
        return hf_err_set(err, HF_EPERM, "the steps come in order: the next one is %s",
                          hf_cutover_step_name(cutover->step + 1));
    }
    return enough_for(step, cutover, window_until_us, facts, err);
}

enum hf_rc hf_cutover_may_revert(const struct hf_cutover *cutover, struct hf_err *err)
{
    if (cutover->version == 0 || cutover->step == HF_CUTOVER_NONE) {
        return hf_err_set(err, HF_EPERM, "no step is done that could be taken back");
    }
    if (cutover->step == HF_CUTOVER_FREEZE_LEGACY) {
        return hf_err_set(err, HF_EPERM, "the freeze of legacy deployments is for good");
    }
    return HF_OK;
}

/* gates */

static enum hf_rc may_old(const struct hf_cutover *cutover, struct hf_err *err)
{
    if (cutover->version == 0) {
        return hf_err_set(err, HF_EPERM, "this region has no old provisioning flow");
    }
    return cutover->step < HF_CUTOVER_FLIP_DEFAULT
               ? HF_OK
               : hf_err_set(err, HF_EPERM,
                            "the old provisioning flow is closed since flip-default; order "
                            "through the new one");
}

static enum hf_rc may_new(const struct hf_cutover *cutover, enum hf_ring ring, struct hf_err *err)
{
    if (cutover->version == 0 || cutover->step == HF_CUTOVER_FLIP_DEFAULT) {
        return HF_OK;
    }
    if (cutover->step < HF_CUTOVER_ENABLE_REGISTRATION) {
        return hf_err_set(err, HF_EPERM,
                          "the new provisioning flow opens with the step enable-registration; the "
                          "last one done is %s",
                          hf_cutover_step_name(cutover->step));
    }
    return ring == HF_RING_SANDBOX
               ? HF_OK
               : hf_err_set(err, HF_EPERM,
                            "until the step flip-default the new provisioning flow takes tenants "
                            "of the ring sandbox only");
}

enum hf_rc hf_cutover_may_provision(const struct hf_cutover *cutover, enum hf_provision_way way,
                                    enum hf_ring ring, struct hf_err *err)
{
    switch (way) {
    case HF_WAY_LEGACY_DEPLOY:
        if (cutover->version > 0 && cutover->step < HF_CUTOVER_FREEZE_LEGACY) {
            return HF_OK;
        }
        return hf_err_set(err, HF_EPERM,
                          "legacy deployments are frozen; use the provisioning flow");
    case HF_WAY_OLD_FLOW: return may_old(cutover, err);
    case HF_WAY_NEW_FLOW:
    default: return may_new(cutover, ring, err);
    }
}

enum hf_rc hf_cutover_may_move(const struct hf_cutover *cutover, enum hf_ring from, enum hf_ring to,
                               struct hf_err *err)
{
    return from == HF_RING_SANDBOX && to != HF_RING_SANDBOX ? may_new(cutover, to, err) : HF_OK;
}

enum hf_rc hf_cutover_may_register(const struct hf_cutover *cutover, struct hf_err *err)
{
    return cutover->version == 0 || cutover->step >= HF_CUTOVER_ENABLE_REGISTRATION
               ? HF_OK
               : hf_err_set(err, HF_EPERM,
                            "registration opens with the step enable-registration of the cutover");
}

enum hf_provision_way hf_cutover_default_way(const struct hf_cutover *cutover)
{
    return cutover->version == 0 || cutover->step == HF_CUTOVER_FLIP_DEFAULT ? HF_WAY_NEW_FLOW
                                                                             : HF_WAY_OLD_FLOW;
}
