/* wrapper/policies.h: the policy in force, the last good one, and a candidate beside it.
 *
 * A bundle is put in force whole or not at all: where it came with a manifest, that must be signed
 * by a release key that is pinned here, be for this slot, region and platform, not be below the
 * floor, and be about exactly these bytes; it must load; and its own golden vectors must come out
 * as it says. What was put in force is kept in the state folder, manifest and all, so that a
 * restart finds it when nobody is there to give it anew, and looks at it once more.
 *
 * A bundle without a manifest is a file of this server (--policy). It is never put in force before
 * one of the region: that one is newer, and stays.
 * Threads: the loop's.
 */
#ifndef HF_WRAPPER_POLICIES_H
#define HF_WRAPPER_POLICIES_H

#include "base/file.h"
#include "commands/manifest.h"
#include "wrapper/policy/policy.h"

/* Why a bundle was not taken: one of the event policy.refused. */
typedef enum hf_event_policy_refused_reason hf_policy_reason;

struct hf_policies {
    /* read-only */
    bool of_region;    /* the one in force came with a manifest */
    uint64_t sequence; /* of that manifest; 0: none */
    uint64_t floor;    /* the lowest number that may still run */
    /* private */
    struct hf_policy *active;
    struct hf_policy *shadow;
    struct hf_release_keys keys; /* none: no manifest is believed */
    char kept[HF_PATH_MAX];      /* file of the last good one */
    char floor_file[HF_PATH_MAX];
};

/* A bundle that somebody wants to be in force. Borrowed. */
struct hf_policy_offer {
    struct hf_bytes bundle;
    bool of_region; /* by a manifest; else it is a file of this server */
    struct hf_bytes manifest;
    struct hf_str region; /* that the manifest has to be for */
    uint64_t floor;       /* that somebody else knows of */
    int64_t now_us;       /* 0: expiry does not count, as for what ran before */
    bool kept;            /* it is the last good one, and on the disk */
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

/* Files are below the folder `state`; release_keys: lines CHANNEL VKEY (commands/manifest.h), NULL
 * for none. Nothing is in force afterwards. */
enum hf_rc hf_policies_open(struct hf_policies *policies, const char *state,
                            const char *release_keys, struct hf_err *err);
/* Puts a bundle in force; when it fails the one before stays. HF_EEXIST: it is in force already.
 * HF_EPERM: it is refused, *ret_reason and err say why. Others: not now. */
enum hf_rc hf_policies_take(struct hf_policies *policies, const struct hf_policy_offer *offer,
                            hf_policy_reason *ret_reason, struct hf_err *err);
/* The last good one. *ret_digest: SHA-256 of the bundle, when it was read. HF_ENOTFOUND: nothing
 * was kept; others as above. */
enum hf_rc hf_policies_take_kept(struct hf_policies *policies, struct hf_hash *ret_digest,
                                 hf_policy_reason *ret_reason, struct hf_err *err);
/* A file of this server; as hf_policies_take_kept. */
enum hf_rc hf_policies_take_file(struct hf_policies *policies, const char *path,
                                 struct hf_hash *ret_digest, hf_policy_reason *ret_reason,
                                 struct hf_err *err);
/* A candidate from a file, which is only counted. */
enum hf_rc hf_policies_compare_file(struct hf_policies *policies, const char *path,
                                    struct hf_err *err);
void hf_policies_close(struct hf_policies *policies);

#endif
