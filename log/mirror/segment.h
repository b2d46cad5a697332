/* log/mirror/segment.h: a part of a tenant's log on its way to the region, and stored there.
 *
 *   "HFS1" | u32 epoch | u64 first | u64 end | u16 length, checkpoint note | bundle
 *
 * The bundle is the entries [first, end), each u16 length and bytes, as in tlog-tiles; the note is
 * the tenant's signed checkpoint of size `end`. Whoever knows the frontier of the first `first`
 * entries can check all of it with nothing else: the entries must give the checkpoint's root. So
 * segments verify themselves one after the other, and each is small (HF_SEGMENT_MAX).
 * Pure functions. docs/FORMATS.md has the bytes.
 */
#ifndef HF_LOG_MIRROR_SEGMENT_H
#define HF_LOG_MIRROR_SEGMENT_H

#include "base/buf.h"
#include "base/err.h"

#define HF_SEGMENT_MAX     (4u << 20) /* bytes in all */
#define HF_SEGMENT_ENTRIES 8192u
#define HF_SEGMENT_NOTE    2048u

struct hf_segment {
    uint32_t epoch;
    uint64_t first;
    uint64_t end;
    struct hf_bytes note; /* borrow from what was parsed */
    struct hf_bytes bundle;
};

/* Checks the form: lengths, limits, as many entries as it says. HF_EINVAL with the reason,
 * HF_ETOOBIG. */
enum hf_rc hf_segment_parse(struct hf_bytes bytes, struct hf_segment *ret_segment,
                            struct hf_err *err);

/* Appends it to buf. */
void hf_segment_write(const struct hf_segment *segment, struct hf_buf *buf);

#endif
