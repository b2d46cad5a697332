/* commands/subject.h: whom sealed personal data is about, on the write side: kept, then erased.
 *
 * A subject is somebody (or a session of nobody known) whom events of one tenant are about. Their
 * key is with the tenant's agent, which made it, and in the custody of the region; the log has its
 * digest only. The state is a fold of the stream subject/TENANT/SUBJECT. Pure: the time is an
 * argument, and what is in custody is not known here.
 */
#ifndef HF_COMMANDS_SUBJECT_H
#define HF_COMMANDS_SUBJECT_H

#include "base/crypto.h"
#include "base/err.h"
#include "commands/principal.h"
#include "commands/tenant.h"
#include "schemas/envelope.h"
#include "schemas/personal.h"

#define HF_SUBJECT_STREAM "subject/"

enum hf_subject_state {
    HF_SUBJECT_NONE,
    HF_SUBJECT_KEPT,
    HF_SUBJECT_ERASED,
};

struct hf_subject_life {
    char tenant[HF_TENANT_NAME_MAX + 1];
    struct hf_subject subject;
    uint64_t version; /* of its stream; 0: there is none */
    enum hf_subject_state state;
    struct hf_hash key_digest;
    int64_t kept_us;
    uint64_t kept_index; /* of its entry in the region's log */
    int64_t erased_us;
    uint64_t erased_index;
    char by[HF_PRINCIPAL_NAME_MAX + 1]; /* who erased it */
    int64_t confirmed_us;               /* the tenant's agent erased it too; 0: not said yet */
    uint64_t confirmed_index;
    uint64_t confirmed_segment; /* entry with the segment in which its log says so */
    uint64_t confirmed_by;      /* number of the directive that it heeded */
};

/* Tenant and subject of a stream "subject/TENANT/SUBJECT". HF_ENOTFOUND: it is of another kind. */
enum hf_rc hf_subject_of_stream(struct hf_str stream, struct hf_str *ret_tenant,
                                struct hf_subject *ret_subject);
/* Takes the entry of the region's log at index, an event of its stream, in order. HF_ECORRUPT. */
enum hf_rc hf_subject_fold(struct hf_subject_life *life, uint64_t index,
                           const struct hf_envelope *envelope, struct hf_err *err);

/* Deciders; life may be NULL: there is none. */

/* May the region keep this key? HF_EEXIST: it does; HF_ECONFLICT: it keeps another one; HF_EPRUNED:
 * it was erased. */
enum hf_rc hf_subject_may_keep(const struct hf_subject_life *life, const struct hf_hash *key_digest,
                               struct hf_err *err);
/* HF_ENOTFOUND; HF_EEXIST: it is erased already; HF_EINVAL: a reason says something. */
enum hf_rc hf_subject_may_erase(const struct hf_subject_life *life, struct hf_str reason,
                                struct hf_err *err);

/* May this principal read what is sealed about the subjects of a tenant? Those who answer requests
 * for it, and the tenant's own people. */
bool hf_subject_may_open(const struct hf_principal *principal, struct hf_str tenant);

#endif
