/* commands/artifact.h: artifacts of a region, on the write side: what happened, what may happen.
 *
 * The state of a slot is a fold of the stream artifact/SLOT in the region's log. The bytes of an
 * artifact are the blob of the entry that brought them first; the same bytes may be signed again,
 * with a higher number, a later end or a higher floor. Pure: the time is an argument.
 */
#ifndef HF_COMMANDS_ARTIFACT_H
#define HF_COMMANDS_ARTIFACT_H

#include "commands/manifest.h"
#include "commands/principal.h"
#include "schemas/envelope.h"

#define HF_ARTIFACT_STREAM "artifact/"

struct hf_artifact {
    struct hf_manifest manifest; /* the newest one of these bytes */
    uint64_t index;              /* of the entry that has it */
    uint64_t blob_index;         /* of the entry that brought the bytes */
    int64_t added_us;
};

struct hf_artifact_slot {
    uint64_t version; /* of its stream */
    uint64_t newest;  /* the highest number */
    uint64_t floor;   /* the highest that any manifest asks for */
};

/* Takes artifact.added, which was verified when it was appended, into its slot and into *artifact,
 * which is of zeroes or of the same bytes. HF_ECORRUPT, HF_ENOMEM. */
enum hf_rc hf_artifact_fold(struct hf_artifact_slot *slot, struct hf_artifact *artifact,
                            uint64_t index, const struct hf_envelope *envelope, struct hf_err *err);

/* Decider: may this manifest, whose signature is good, come into the region? `known`: of the same
 * bytes; NULL: there is none. HF_EEXIST; HF_EPERM with the reason. */
enum hf_rc hf_artifact_may_add(const struct hf_artifact_slot *slot, const struct hf_artifact *known,
                               const struct hf_manifest *manifest,
                               const struct hf_manifest_want *here, hf_artifact_reason *ret_reason,
                               struct hf_err *err);
/* The event; note is its manifest. False: it does not fit the writer. */
bool hf_artifact_encode(const struct hf_manifest *manifest, struct hf_bytes note,
                        struct hf_writer *w);

struct hf_activation {
    const struct hf_artifact *artifact;
    enum hf_slot slot;          /* that is asked for */
    uint64_t floor;             /* of the slot */
    const struct hf_hash *told; /* what the tenant was told last for the slot; NULL: nothing */
    struct hf_str region;       /* ours */
    enum hf_role role;          /* of who asks */
    int64_t now_us;
};
/* Decider: may a tenant be told to activate it? Who is no approver may only tighten: a policy that
 * was made from the one that the tenant was told last, and allows no more. HF_EPERM; *ret_reason is
 * the artifact's, or HF_EVENT_ARTIFACT_REFUSED_REASON_COUNT where it is the role. */
enum hf_rc hf_artifact_may_activate(const struct hf_activation *wish,
                                    hf_artifact_reason *ret_reason, struct hf_err *err);

#endif
