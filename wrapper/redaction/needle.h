/* wrapper/redaction/needle.h: one anchor, as the engine looks for it.
 *
 * Either bytes, the front of a registered secret's spelling, or the anchor of a shape's pattern:
 * a set of bytes for each position.
 */
#ifndef HF_WRAPPER_REDACTION_NEEDLE_H
#define HF_WRAPPER_REDACTION_NEEDLE_H

#include "wrapper/redaction/pattern.h"

#define HF_NEEDLE_BYTES_MIN 8 /* of such as are bytes: the shortest window and stride there are */
#define HF_NEEDLE_SETS_MIN  4 /* of such as are sets: two pairs */

struct hf_needle {
    struct hf_bytes bytes;            /* when pattern is NULL */
    const struct hf_pattern *pattern; /* its anchor */
};

static inline size_t hf_needle_width(const struct hf_needle *needle)
{
    return needle->pattern == NULL ? needle->bytes.len : needle->pattern->anchor_len;
}

/* p: as many bytes as it is wide. */
static inline bool hf_needle_is_at(const struct hf_needle *needle, const uint8_t *p)
{
    if (needle->pattern == NULL) {
        return memcmp(needle->bytes.ptr, p, needle->bytes.len) == 0;
    }
    for (size_t i = 0; i < needle->pattern->anchor_len; i++) {
        if (!hf_byte_set_has(&needle->pattern->anchor[i], p[i])) {
            return false;
        }
    }
    return true;
}

#endif
