/* log/audit/bundle.h: one tenant's history, taken away and checked without the region.
 *
 * A bundle is what a region's log says about a tenant: every entry of the streams tenant/TENANT and
 * segment/TENANT, who answered its requests, what it was told, which policies it was told to run
 * and who the people are (log/audit/beside.h); each entry with its inclusion proof under one
 * signed checkpoint; the segments and the policies themselves.
 *
 *   "HFB2", then records: u8 kind | u32 length | bytes
 *   'C'  the region's checkpoint note (first, once)
 *   'E'  u64 index | u8 hashes | the inclusion proof | the leaf
 *   'S'  the segment of the 'E' before it: u32 count | leaf hashes of its entries | segment bytes
 *   'B'  the bytes of the artifact that the 'E' before it adds
 *   'Z'  u64 count of 'E' records (last, once)
 *
 * "HFB1" is the same with the two streams and their segments alone; it is still read.
 * The leaf hashes let verification say which event is wrong, not only in which segment.
 * After a restore a tenant goes on in a new epoch: mirror.epoch_closed says what the region had of
 * the old one, and the next segment begins with epoch.opened, which says what the tenant had.
 * What a bundle proves: each of these entries is in the region's log as of the checkpoint; none is
 * missing between the first and the last of a stream (versions have no gap); each tenant event was
 * signed by the tenant's log key, in this order; each answer that the tenant was told has the
 * decision of somebody before it; each policy has the bytes of its digest. What it cannot prove:
 * that nothing came after its last entry; compare the checkpoint's size with a newer one.
 */
#ifndef HF_LOG_AUDIT_BUNDLE_H
#define HF_LOG_AUDIT_BUNDLE_H

#include "base/buf.h"
#include "log/core/log.h"
#include "log/tlog/note.h"

#define HF_AUDIT_BUNDLE_MAX   ((size_t)1 << 31)
#define HF_AUDIT_ARTIFACT_MAX ((size_t)64 << 20)

/* Appends the bundle of `tenant` out of a region's loaded log; note: the signed checkpoint of the
 * log's size. HF_ENOTFOUND: the log knows no such tenant. */
enum hf_rc hf_audit_write(struct hf_log *log, struct hf_str tenant, struct hf_bytes note,
                          struct hf_buf *buf, struct hf_err *err);

/* What verification tells about each event, in the bundle's order. */
struct hf_audit_event {
    uint64_t region_index; /* of the entry that holds it or its segment */
    bool of_tenant;        /* an event of the tenant's own log, at tenant_index of `epoch` */
    uint32_t epoch;
    uint64_t tenant_index;
    struct hf_bytes leaf;     /* borrows from the bundle */
    struct hf_bytes artifact; /* that the entry adds; else empty. Borrows */
};

struct hf_audit_result {
    struct hf_str tenant;
    uint64_t region_size; /* the checkpoint's */
    struct hf_hash region_root;
    uint64_t region_events;
    uint64_t tenant_events;
    uint64_t segments;
    uint64_t epochs; /* of the tenant's log that begin in the bundle */
    bool found_bad;  /* an event is wrong: which one is in err and here */
    struct hf_audit_event bad;
};

/* Checks everything against the region's verifier key; tells each event that holds (tell may be
 * NULL). HF_OK, or HF_ECORRUPT, HF_EBADSIG, HF_EBADPROOF, HF_ESYNTAX with the reason. Blocking. */
enum hf_rc hf_audit_verify(struct hf_bytes bundle, const struct hf_vkey *region,
                           void (*tell)(void *arg, const struct hf_audit_event *event), void *arg,
                           struct hf_audit_result *ret, struct hf_err *err);

#endif
