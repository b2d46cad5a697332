/* wrapper/activation.c: takes policies, says what became of them. */
#include "wrapper/activation.h"

#include <stdio.h>

#include "base/assert.h"
#include "schemas/events_gen.h"
#include "wrapper/wrapper.h"

/* saying */

static void say_activated(struct hf_wrapper *w, enum hf_event_policy_activated_cause cause,
                          const struct hf_hash *before)
{
    const struct hf_policy *policy = hf_policies_active(&w->policies);
    const struct hf_event_policy_activated event = {
        .tenant = hf_str_c(w->tenant),
        .digest = hf_bytes_of(hf_policy_digest(policy)->b, HF_HASH_SIZE),
        .name = hf_policy_name(policy),
        .version = hf_policy_version(policy),
        .has_sequence = w->policies.sequence > 0,
        .sequence = w->policies.sequence,
        .vectors = hf_policy_vector_count(policy),
        .cause = cause,
        .has_before = before != NULL,
        .before = before == NULL ? hf_bytes_of(NULL, 0) : hf_bytes_of(before->b, HF_HASH_SIZE)};
    hf_wrapper_note(w, HF_EVENT_POLICY_ACTIVATED_NAME, &event);
}

static void say_refused(struct hf_wrapper *w, const struct hf_refused_policy *refused)
{
    const struct hf_policy *policy = hf_policies_active(&w->policies);
    const struct hf_event_policy_refused event = {
        .tenant = hf_str_c(w->tenant),
        .digest = hf_bytes_of(refused->digest.b, HF_HASH_SIZE),
        .reason = refused->reason,
        .has_detail = refused->detail[0] != '\0',
        .detail = hf_str_c(refused->detail),
        .has_active = policy != NULL,
        .active = policy == NULL ? hf_bytes_of(NULL, 0)
                                 : hf_bytes_of(hf_policy_digest(policy)->b, HF_HASH_SIZE)};
    hf_wrapper_note(w, HF_EVENT_POLICY_REFUSED_NAME, &event);
}

static bool is_known(const struct hf_wrapper *w)
{
    return w->tenant[0] != '\0';
}

static void activated(struct hf_wrapper *w, enum hf_event_policy_activated_cause cause,
                      const struct hf_hash *before)
{
    const struct hf_policy *policy = hf_policies_active(&w->policies);
    hf_log(w->logger, HF_LOG_INFO, "policy.active", hf_f_str("name", hf_policy_name(policy)),
           hf_f_str("version", hf_policy_version(policy)),
           hf_f_u64("sequence", w->policies.sequence),
           hf_f_str("cause", hf_event_policy_activated_cause_name(cause)));
    if (is_known(w)) {
        say_activated(w, cause, before);
    } else {
        w->activation.changed = true;
        w->activation.cause = cause;
    }
}

static void refused(struct hf_wrapper *w, const struct hf_hash *digest, hf_policy_reason reason,
                    const char *detail)
{
    struct hf_activation *a = &w->activation;
    struct hf_refused_policy it = {.digest = *digest, .reason = reason};
    (void)snprintf(it.detail, sizeof it.detail, "%s", detail);
    hf_log(w->logger, HF_LOG_ERROR, "policy.refused",
           hf_f_str("reason", hf_event_policy_refused_reason_name(reason)),
           hf_f_c("detail", detail));
    if (is_known(w)) {
        say_refused(w, &it);
    } else if (a->refused_count < HF_ACTIVATION_UNTOLD) {
        a->refused[a->refused_count++] = it;
    }
}

void hf_activation_tell(struct hf_wrapper *w)
{
    struct hf_activation *a = &w->activation;
    for (size_t i = 0; i < a->refused_count; i++) {
        say_refused(w, &a->refused[i]);
    }
    a->refused_count = 0;
    if (a->changed) {
        say_activated(w, a->cause, /* before= */ NULL);
    }
    a->changed = false;
}

/* taking */

/* Said once, whatever the outcome. */
static void conclude(struct hf_wrapper *w, enum hf_rc rc, const struct hf_hash *digest,
                     hf_policy_reason reason, const struct hf_err *err,
                     enum hf_event_policy_activated_cause cause)
{
    if (rc == HF_OK) {
        activated(w, cause, /* before= */ NULL);
    } else if (rc == HF_EPERM) {
        refused(w, digest, reason, err->text);
    } else if (rc != HF_EEXIST && rc != HF_ENOTFOUND) {
        hf_log(w->logger, HF_LOG_ERROR, "policy.not_now", hf_f_err(err));
    }
}

void hf_activation_start(struct hf_wrapper *w)
{
    struct hf_hash digest;
    hf_policy_reason reason = HF_EVENT_POLICY_REFUSED_REASON_MALFORMED;
    struct hf_err err = {0};
    enum hf_rc rc = hf_policies_take_kept(&w->policies, &digest, &reason, &err);
    conclude(w, rc, &digest, reason, &err, HF_EVENT_POLICY_ACTIVATED_CAUSE_KEPT);
    if (w->conf.policy != NULL && w->policies.of_region) {
        hf_log(w->logger, HF_LOG_INFO, "policy.file_passed_over", hf_f_c("file", w->conf.policy),
               hf_f_u64("sequence", w->policies.sequence));
    } else if (w->conf.policy != NULL) {
        rc = hf_policies_take_file(&w->policies, w->conf.policy, &digest, &reason, &err);
        rc = rc == HF_ENOTFOUND ? HF_EIO : rc; /* it was asked for */
        conclude(w, rc, &digest, reason, &err, HF_EVENT_POLICY_ACTIVATED_CAUSE_FILE);
    }
    /* A candidate that cannot be read is no reason not to guard. */
    if (w->conf.shadow != NULL &&
        hf_policies_compare_file(&w->policies, w->conf.shadow, &err) != HF_OK) {
        hf_log(w->logger, HF_LOG_ERROR, "policy.shadow_refused", hf_f_err(&err));
    }
    if (hf_policies_active(&w->policies) == NULL) {
        hf_log(w->logger, HF_LOG_WARN, "policy.none", hf_f_c("effect", "every call is refused"));
    }
}

enum hf_rc hf_activation_staged(struct hf_wrapper *w, const struct hf_policy_offer *offer,
                                const struct hf_hash *digest, struct hf_err *err)
{
    const struct hf_policy *old = hf_policies_active(&w->policies);
    struct hf_hash before = {{0}};
    struct hf_hash hash;
    hf_policy_reason reason = HF_EVENT_POLICY_REFUSED_REASON_HASH;
    bool was_of_region = w->policies.of_region;
    bool had = old != NULL;
    if (had) {
        before = *hf_policy_digest(old);
    }
    hf_sha256(offer->bundle, &hash);
    enum hf_rc rc = hf_hash_eq(&hash, digest)
                        ? hf_policies_take(&w->policies, offer, &reason, err)
                        : hf_err_set(err, HF_EPERM, "its bytes are not those of its digest");
    if (rc == HF_OK || (rc == HF_EEXIST && !was_of_region)) {
        activated(w, HF_EVENT_POLICY_ACTIVATED_CAUSE_STAGED, had ? &before : NULL);
    } else if (rc == HF_EPERM) {
        refused(w, digest, reason, err->text);
    }
    return rc == HF_EEXIST ? HF_OK : rc;
}

enum hf_rc hf_activation_reload(struct hf_wrapper *w, struct hf_err *err)
{
    const struct hf_policy *old = hf_policies_active(&w->policies);
    struct hf_hash before = {{0}};
    struct hf_hash digest;
    hf_policy_reason reason = HF_EVENT_POLICY_REFUSED_REASON_MALFORMED;
    bool had = old != NULL;
    if (had) {
        before = *hf_policy_digest(old);
    }
    enum hf_rc rc = hf_policies_take_file(&w->policies, w->conf.policy, &digest, &reason, err);
    if (rc == HF_OK) {
        activated(w, HF_EVENT_POLICY_ACTIVATED_CAUSE_FILE, had ? &before : NULL);
    } else if (rc == HF_EPERM) {
        refused(w, &digest, reason, err->text);
    }
    rc = rc == HF_EEXIST ? HF_OK : rc;
    if (rc == HF_OK && w->conf.shadow != NULL) {
        rc = hf_policies_compare_file(&w->policies, w->conf.shadow, err);
    }
    return rc;
}
