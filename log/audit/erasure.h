/* log/audit/erasure.h: certificates of erasure: what a region's log says about the key of a subject
 * that was erased, taken away and checked without the region.
 *
 *   "HFE1", then records (log/audit/record.h):
 *   'C'  the region's checkpoint note (first, once)
 *   'E'  an entry of the region's log with its proof; by index, each once:
 *          subject.kept                 first: whose key, by its digest, the region got
 *          approval.routed              a request that was sealed under it: where it stands
 *          subject.erased               who erased it, and why
 *          directive.issued             the agent was told
 *          segment.received             the segment of the tenant's log where the agent says
 *          subject.erasure_confirmed    that it erased it too, and which event of it that is
 *   'Z'  u64 count of 'E' records (last, once)
 *
 * What it proves: each of these entries is in the region's log as of the checkpoint, and they are
 * about one subject and one key. What it cannot prove is that no copy of the key is anywhere: that
 * the region and the agent say, signed. No byte of it can be altered unnoticed; of more than 4,096
 * requests it has the newest. Threads: any.
 */
#ifndef HF_LOG_AUDIT_ERASURE_H
#define HF_LOG_AUDIT_ERASURE_H

#include "base/buf.h"
#include "log/core/log.h"
#include "log/tlog/note.h"

#define HF_ERASURE_REQUESTS_MAX 4096
#define HF_ERASURE_MAX          ((size_t)16 << 20) /* an entry with its proof has 1,000 bytes */

/* Appends the certificate made of these entries of a loaded log, ascending and each once; note: a
 * signed checkpoint of it, of `size`. */
struct hf_erasure_of {
    const uint64_t *entries;
    size_t count;
    struct hf_bytes note;
    uint64_t size;
};
enum hf_rc hf_erasure_write(struct hf_log *log, const struct hf_erasure_of *of, struct hf_buf *buf,
                            struct hf_err *err);

/* A request that the key sealed. */
struct hf_erasure_request {
    uint64_t routed;  /* entry of the region's log */
    uint64_t segment; /* entry that has the segment with it */
    uint32_t offset;  /* number of the event inside */
    struct hf_str approval;
    struct hf_bytes hash; /* its submission hash */
};

/* Texts borrow from the certificate. */
struct hf_erasure_result {
    uint64_t region_size;
    struct hf_hash region_root;
    struct hf_str tenant;
    struct hf_str subject;
    struct hf_bytes key_digest;
    int64_t kept_us;
    int64_t erased_us;
    struct hf_str by;
    struct hf_str reason;
    uint64_t kept_index;
    uint64_t erased_index;
    uint64_t requests;
    bool told; /* the agent was */
    bool confirmed;
    int64_t confirmed_us;
    uint64_t confirmed_index;
    uint64_t confirmed_segment;
    uint32_t confirmed_offset;
};

/* Checks everything against the region's verifier key; tells each request (tell may be NULL).
 * HF_OK, or HF_ECORRUPT, HF_EBADSIG, HF_EBADPROOF, HF_EMISMATCH, HF_ESYNTAX with the reason. */
enum hf_rc hf_erasure_verify(struct hf_bytes certificate, const struct hf_vkey *region,
                             void (*tell)(void *arg, const struct hf_erasure_request *request),
                             void *arg, struct hf_erasure_result *ret, struct hf_err *err);

#endif
