/* wrapper/policies.h: the policy in force, the last good one, and a candidate beside it.
 *
 * A bundle is put in force whole or not at all: it must load, and its own golden vectors must come
 * out as it says. What was put in force is kept in the state folder, so that a restart finds it
 * when nobody is there to give it anew. Who may give one is not decided here.
 * Threads: the loop's.
 */
#ifndef HF_WRAPPER_POLICIES_H
#define HF_WRAPPER_POLICIES_H

#include "wrapper/policy/policy.h"

struct hf_policies {
    /* private */
    struct hf_policy *active;
    struct hf_policy *shadow;
    const char *kept; /* file of the last good one */
};

/* NULL: there is none, and nothing may run. Good until the next activation. */
static inline const struct hf_policy *hf_policies_active(const struct hf_policies *policies)
{
    return policies->active;
}

static inline const struct hf_policy *hf_policies_shadow(const struct hf_policies *policies)
{
    return policies->shadow;
}

/* Puts a bundle in force; when it fails the one before stays. HF_EEXIST: it is in force already. */
enum hf_rc hf_policies_activate(struct hf_policies *policies, struct hf_bytes bundle,
                                struct hf_err *err);
/* A candidate: only counted. Empty: none any more. */
enum hf_rc hf_policies_compare(struct hf_policies *policies, struct hf_bytes bundle,
                               struct hf_err *err);
/* From a file, such as the last good one. */
enum hf_rc hf_policies_activate_file(struct hf_policies *policies, const char *path,
                                     struct hf_err *err);
enum hf_rc hf_policies_compare_file(struct hf_policies *policies, const char *path,
                                    struct hf_err *err);
void hf_policies_close(struct hf_policies *policies);

#endif
