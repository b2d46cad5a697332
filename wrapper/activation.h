/* wrapper/activation.h: policies come into force, and the tenant's log says so.
 *
 * Three ways in: what the region staged (wrapper/channel.c), the last good one at start, and the
 * file of --policy at start and when it is read again (wrapper/control.c). All of them are
 * verified, loaded, tested and kept by wrapper/policies.h; here it is said what became of each:
 *
 *   policy.activated  at each start, and each time that another one decides from then on
 *   policy.refused    one was offered and not taken; the one before stays
 *
 * Nobody else writes these two; what the agent says of fetching and staging is artifact.staged and
 * artifact.refused. Who the tenant is comes from the agent, so at start it is said once that is
 * known.
 * Threads: the loop's.
 */
#ifndef HF_WRAPPER_ACTIVATION_H
#define HF_WRAPPER_ACTIVATION_H

#include "wrapper/policies.h"

struct hf_wrapper;

#define HF_ACTIVATION_DETAIL_MAX 400
#define HF_ACTIVATION_UNTOLD     2 /* kept, file */

struct hf_refused_policy {
    struct hf_hash digest;
    hf_policy_reason reason;
    char detail[HF_ACTIVATION_DETAIL_MAX + 1];
};

struct hf_activation {
    /* private: what could not be said yet */
    bool changed;
    enum hf_event_policy_activated_cause cause;
    size_t refused_count;
    struct hf_refused_policy refused[HF_ACTIVATION_UNTOLD];
};

/* At start: the last good one, then the file, then the shadow. None of them is no error: then
 * everything is refused. */
void hf_activation_start(struct hf_wrapper *wrapper);
/* The tenant is known now. */
void hf_activation_tell(struct hf_wrapper *wrapper);
/* The region staged this; *digest is its own word for the bundle. HF_OK and HF_EPERM: that is over,
 * and said; else it is to be tried again. */
enum hf_rc hf_activation_staged(struct hf_wrapper *wrapper, const struct hf_policy_offer *offer,
                                const struct hf_hash *digest, struct hf_err *err);
/* Reads the files of --policy and --shadow again. HF_EPERM: refused, and said so. */
enum hf_rc hf_activation_reload(struct hf_wrapper *wrapper, struct hf_err *err);

#endif
