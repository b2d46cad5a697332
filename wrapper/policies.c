/* wrapper/policies.c: verifies, loads, checks, swaps, keeps. */
#include "wrapper/policies.h"

#include <stdio.h>

#include "base/parse.h"

#define KEPT_MAX     (HF_PACKAGE_HEAD + HF_MANIFEST_MAX + HF_POLICY_BUNDLE_MAX)
#define FLOOR_DIGITS 20

/* The reasons of artifact.refused up to the hash are those of policy.refused, in the same order. */
_Static_assert((int)HF_EVENT_ARTIFACT_REFUSED_REASON_MALFORMED ==
                       (int)HF_EVENT_POLICY_REFUSED_REASON_MALFORMED &&
                   (int)HF_EVENT_ARTIFACT_REFUSED_REASON_BELOW_FLOOR ==
                       (int)HF_EVENT_POLICY_REFUSED_REASON_BELOW_FLOOR &&
                   (int)HF_EVENT_ARTIFACT_REFUSED_REASON_HASH ==
                       (int)HF_EVENT_POLICY_REFUSED_REASON_HASH,
               "the events' reasons differ");

/* opening */

static enum hf_rc read_keys(const char *path, struct hf_release_keys *keys, struct hf_err *err)
{
    struct hf_buf text = hf_buf_init(HF_RELEASE_TEXT_MAX);
    enum hf_rc rc = hf_file_read(path, &text, err);
    rc = rc == HF_OK ? hf_release_keys_parse(hf_buf_bytes(&text), keys, err) : rc;
    hf_buf_free(&text);
    return rc == HF_OK ? HF_OK : hf_err_wrap(err, rc, "release keys %s", path);
}

static enum hf_rc read_floor(struct hf_policies *policies, struct hf_err *err)
{
    struct hf_buf buf = hf_buf_init(FLOOR_DIGITS + 1);
    enum hf_rc rc = hf_file_read(policies->floor_file, &buf, err);
    if (rc == HF_OK) {
        struct hf_str text = hf_bytes_str(hf_buf_bytes(&buf));
        text.len -= text.len > 0 && text.ptr[text.len - 1] == '\n' ? 1 : 0;
        rc = hf_parse_u64(text, 0, INT64_MAX, &policies->floor);
        rc = rc == HF_OK ? HF_OK
                         : hf_err_set(err, HF_ECORRUPT, "%s: is no number; the region knows it",
                                      policies->floor_file);
    }
    hf_buf_free(&buf);
    return rc == HF_ENOTFOUND ? HF_OK : rc;
}

enum hf_rc hf_policies_open(struct hf_policies *policies, const char *state,
                            const char *release_keys, struct hf_err *err)
{
    memset(policies, 0, sizeof *policies);
    enum hf_rc rc = hf_path_join(state, "policy", policies->kept, sizeof policies->kept);
    if (rc == HF_OK) {
        rc = hf_path_join(state, "policy.floor", policies->floor_file, sizeof policies->floor_file);
    }
    if (rc != HF_OK) {
        return hf_err_set(err, rc, "%s: is too long", state);
    }
    rc = release_keys == NULL ? HF_OK : read_keys(release_keys, &policies->keys, err);
    return rc == HF_OK ? read_floor(policies, err) : rc;
}

/* taking */

/* Of what is not in the event: too few signatures are none, and the detail says how many. */
static hf_policy_reason reason_of(hf_artifact_reason reason)
{
    return (int)reason <= (int)HF_EVENT_ARTIFACT_REFUSED_REASON_HASH
               ? (hf_policy_reason)reason
               : HF_EVENT_POLICY_REFUSED_REASON_UNSIGNED;
}

static enum hf_rc verify(const struct hf_policies *policies, const struct hf_policy_offer *offer,
                         struct hf_manifest *ret, hf_policy_reason *ret_reason, struct hf_err *err)
{
    const struct hf_manifest_want want = {.has_slot = true,
                                          .slot = HF_SLOT_POLICY,
                                          .region = offer->region,
                                          .platform = hf_str_c(hf_manifest_platform()),
                                          .floor = offer->floor > policies->floor ? offer->floor
                                                                                  : policies->floor,
                                          .now_us = offer->now_us};
    const struct hf_release release = {offer->manifest, offer->bundle};
    hf_artifact_reason reason = HF_EVENT_ARTIFACT_REFUSED_REASON_MALFORMED;
    enum hf_rc rc = hf_release_verify(&release, &policies->keys, &want, ret, &reason, err);
    if (rc == HF_EPERM) {
        *ret_reason = reason_of(reason);
    }
    return rc;
}

static enum hf_rc load(struct hf_bytes bundle, struct hf_policy **ret, hf_policy_reason *ret_reason,
                       struct hf_err *err)
{
    struct hf_policy *policy = NULL;
    *ret_reason = bundle.len == 0 ? HF_EVENT_POLICY_REFUSED_REASON_EMPTY
                                  : HF_EVENT_POLICY_REFUSED_REASON_NOT_COMPILED;
    enum hf_rc rc = hf_policy_load(bundle, &policy, err);
    if (rc == HF_OK) {
        *ret_reason = HF_EVENT_POLICY_REFUSED_REASON_VECTORS;
        rc = hf_policy_selftest(policy, err);
    }
    if (rc != HF_OK) {
        hf_policy_free(policy);
        return hf_err_wrap(err, rc == HF_ENOMEM ? rc : HF_EPERM, "policy");
    }
    *ret = policy;
    return HF_OK;
}

/* Kept before it is in force: a restart must not fall back behind what was said to be active, and a
 * floor never sinks. */
static enum hf_rc keep(struct hf_policies *policies, const struct hf_policy_offer *offer,
                       uint64_t floor, struct hf_err *err)
{
    char text[FLOOR_DIGITS + 2];
    uint8_t head[HF_PACKAGE_HEAD];
    enum hf_rc rc = HF_OK;
    if (floor > policies->floor) {
        int len = snprintf(text, sizeof text, "%llu\n", (unsigned long long)floor);
        rc = hf_file_replace(policies->floor_file, hf_bytes_of(text, (size_t)len), 0600, err);
        policies->floor = rc == HF_OK ? floor : policies->floor;
    }
    if (rc != HF_OK || !offer->of_region) {
        return rc == HF_OK ? hf_file_replace(policies->kept, offer->bundle, 0600, err) : rc;
    }
    struct hf_buf package = hf_buf_init(KEPT_MAX);
    hf_package_head(offer->manifest, head);
    hf_buf_put(&package, head, sizeof head);
    hf_buf_put(&package, offer->manifest.ptr, offer->manifest.len);
    hf_buf_put(&package, offer->bundle.ptr, offer->bundle.len);
    rc = package.failed == HF_OK
             ? hf_file_replace(policies->kept, hf_buf_bytes(&package), 0600, err)
             : hf_err_set(err, package.failed, "no memory to keep the policy");
    hf_buf_free(&package);
    return rc;
}

enum hf_rc hf_policies_take(struct hf_policies *policies, const struct hf_policy_offer *offer,
                            hf_policy_reason *ret_reason, struct hf_err *err)
{
    struct hf_policy *policy = NULL;
    struct hf_manifest manifest = {.sequence = 0};
    bool of_region = offer->of_region;
    enum hf_rc rc = HF_OK;
    if (of_region) {
        rc = verify(policies, offer, &manifest, ret_reason, err);
    } else if (policies->of_region) {
        *ret_reason = HF_EVENT_POLICY_REFUSED_REASON_SEQUENCE;
        rc = hf_err_set(err, HF_EPERM,
                        "the region's policy, number %llu, is in force; a file of this server does "
                        "not go before it",
                        (unsigned long long)policies->sequence);
    }
    rc = rc == HF_OK ? load(offer->bundle, &policy, ret_reason, err) : rc;
    bool same = rc == HF_OK && policies->active != NULL &&
                hf_hash_eq(hf_policy_digest(policies->active), hf_policy_digest(policy));
    bool known = same && of_region == policies->of_region &&
                 manifest.sequence == policies->sequence && manifest.floor <= policies->floor;
    if (rc == HF_OK && !offer->kept && !known) {
        rc = keep(policies, offer, manifest.floor, err);
    }
    if (rc != HF_OK) {
        hf_policy_free(policy);
        return rc;
    }
    hf_policy_free(policies->active);
    policies->active = policy;
    policies->of_region = of_region;
    policies->sequence = manifest.sequence;
    return same ? HF_EEXIST : HF_OK;
}

/* A package is what the region gave; else it is a bundle alone. */
static enum hf_rc take_bytes(struct hf_policies *policies, struct hf_bytes bytes, bool kept,
                             struct hf_hash *ret_digest, hf_policy_reason *ret_reason,
                             struct hf_err *err)
{
    struct hf_policy_offer offer = {.kept = kept};
    offer.of_region = kept && hf_package_split(bytes, &offer.manifest, &offer.bundle,
                                               /* err= */ NULL) == HF_OK;
    offer.bundle = offer.of_region ? offer.bundle : bytes;
    hf_sha256(offer.bundle, ret_digest);
    return hf_policies_take(policies, &offer, ret_reason, err);
}

static enum hf_rc take_path(struct hf_policies *policies, const char *path, bool kept,
                            struct hf_hash *ret_digest, hf_policy_reason *ret_reason,
                            struct hf_err *err)
{
    struct hf_buf buf = hf_buf_init(KEPT_MAX);
    enum hf_rc rc = hf_file_read(path, &buf, err);
    rc = rc == HF_OK ? take_bytes(policies, hf_buf_bytes(&buf), kept, ret_digest, ret_reason, err)
                     : rc;
    hf_buf_free(&buf);
    return rc;
}

enum hf_rc hf_policies_take_kept(struct hf_policies *policies, struct hf_hash *ret_digest,
                                 hf_policy_reason *ret_reason, struct hf_err *err)
{
    return take_path(policies, policies->kept, true, ret_digest, ret_reason, err);
}

enum hf_rc hf_policies_take_file(struct hf_policies *policies, const char *path,
                                 struct hf_hash *ret_digest, hf_policy_reason *ret_reason,
                                 struct hf_err *err)
{
    return take_path(policies, path, false, ret_digest, ret_reason, err);
}

enum hf_rc hf_policies_compare_file(struct hf_policies *policies, const char *path,
                                    struct hf_err *err)
{
    hf_policy_reason reason;
    struct hf_policy *policy = NULL;
    struct hf_buf buf = hf_buf_init(HF_POLICY_BUNDLE_MAX);
    enum hf_rc rc = hf_file_read(path, &buf, err);
    rc = rc == HF_OK ? load(hf_buf_bytes(&buf), &policy, &reason, err) : rc;
    if (rc == HF_OK) {
        hf_policy_free(policies->shadow);
        policies->shadow = policy;
    }
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
