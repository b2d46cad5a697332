/* wrapper/policies.c: loads, checks, swaps, keeps. */
#include "wrapper/policies.h"

#include "base/file.h"

static enum hf_rc load(struct hf_bytes bundle, struct hf_policy **ret, struct hf_err *err)
{
    struct hf_policy *policy = NULL;
    enum hf_rc rc = hf_policy_load(bundle, &policy, err);
    rc = rc == HF_OK ? hf_policy_selftest(policy, err) : rc;
    if (rc != HF_OK) {
        hf_policy_free(policy);
        return hf_err_wrap(err, rc, "policy");
    }
    *ret = policy;
    return HF_OK;
}

/* Kept before it is in force: a restart must not fall back behind what was said to be active. */
enum hf_rc hf_policies_activate(struct hf_policies *policies, struct hf_bytes bundle,
                                struct hf_err *err)
{
    struct hf_policy *policy = NULL;
    enum hf_rc rc = load(bundle, &policy, err);
    if (rc == HF_OK && policies->active != NULL &&
        hf_hash_eq(hf_policy_digest(policies->active), hf_policy_digest(policy))) {
        rc = HF_EEXIST;
    }
    if (rc == HF_OK && policies->kept != NULL) {
        rc = hf_file_replace(policies->kept, bundle, 0600, err);
    }
    if (rc != HF_OK) {
        hf_policy_free(policy);
        return rc;
    }
    hf_policy_free(policies->active);
    policies->active = policy;
    return HF_OK;
}

enum hf_rc hf_policies_compare(struct hf_policies *policies, struct hf_bytes bundle,
                               struct hf_err *err)
{
    struct hf_policy *policy = NULL;
    enum hf_rc rc = bundle.len == 0 ? HF_OK : load(bundle, &policy, err);
    if (rc == HF_OK) {
        hf_policy_free(policies->shadow);
        policies->shadow = policy;
    }
    return rc;
}

enum hf_rc hf_policies_activate_file(struct hf_policies *policies, const char *path,
                                     struct hf_err *err)
{
    struct hf_buf buf = hf_buf_init(HF_POLICY_BUNDLE_MAX);
    enum hf_rc rc = hf_file_read(path, &buf, err);
    rc = rc == HF_OK ? hf_policies_activate(policies, hf_buf_bytes(&buf), err) : rc;
    hf_buf_free(&buf);
    return rc;
}

enum hf_rc hf_policies_compare_file(struct hf_policies *policies, const char *path,
                                    struct hf_err *err)
{
    struct hf_buf buf = hf_buf_init(HF_POLICY_BUNDLE_MAX);
    enum hf_rc rc = hf_file_read(path, &buf, err);
    rc = rc == HF_OK ? hf_policies_compare(policies, hf_buf_bytes(&buf), err) : rc;
    hf_buf_free(&buf);
    return rc;
}

void hf_policies_close(struct hf_policies *policies)
{
    hf_policy_free(policies->active);
    hf_policy_free(policies->shadow);
    policies->active = NULL;
    policies->shadow = NULL;
}
