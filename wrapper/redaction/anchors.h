/* wrapper/redaction/anchors.h: everything that is looked for, by what it begins with.
 *
 * An anchor is the front of some registered secret's spellings (at most HF_ANCHOR_USUAL bytes of
 * them) or of one shape. The engine reports whole anchors; hf_anchors_partial says where, at the
 * end of the bytes that are there, one may have begun. Does not change once it is built; any
 * thread.
 */
#ifndef HF_WRAPPER_REDACTION_ANCHORS_H
#define HF_WRAPPER_REDACTION_ANCHORS_H

#include "base/err.h"
#include "wrapper/redaction/engine.h"
#include "wrapper/redaction/literals.h"
#include "wrapper/redaction/shapes.h"

struct hf_anchor {
    uint32_t first; /* literal, or shape */
    uint32_t count; /* of literals that begin with it; 0: it is a shape's */
    uint32_t width;
};

struct hf_anchors {
    /* read-only */
    struct hf_literals literals;
    struct hf_pattern *patterns; /* of hf_shapes */
    size_t pattern_count;
    struct hf_anchor *anchors; /* index: the engine's id */
    size_t anchor_count;
    struct hf_engine *engine; /* NULL when there is nothing to look for */
    /* private */
    uint16_t *by_first;   /* shapes, by what their first byte can be */
    uint16_t begins[257]; /* of the shapes of each byte in by_first */
    uint16_t wide[8];     /* shapes of which there are too many fronts, or longer ones, to list */
    size_t wide_count;
    struct hf_byte_set long_bytes; /* what anchors of more than the usual length are made of */
    struct hf_byte_set wide_firsts;
    struct hf_byte_set firsts[2]; /* bytes that begin a literal [0], a shape [1] */
    uint64_t pairs[2][1024];      /* two bytes that do */
    uint64_t longer[4096]; /* three and four that may, of all but the wide shapes: their hashes */
};

/* known: borrowed while it runs. On failure what was built is freed. */
enum hf_rc hf_anchors_build(const struct hf_known *known, size_t known_count, bool with_shapes,
                            struct hf_anchors *ret, struct hf_err *err);
void hf_anchors_free(struct hf_anchors *anchors);

/* Bytes, and up to HF_SHAPE_LEFT_MAX of those that stood before them. */
struct hf_view {
    struct hf_bytes bytes;
    struct hf_bytes past;
};

/* What stands right before a position of the view: borrowed from it, or put together in scratch. */
struct hf_bytes hf_view_before(const struct hf_view *view, size_t at,
                               uint8_t scratch[2 * HF_SHAPE_LEFT_MAX]);

/* The first position from `from` on at which everything to the end of the view's bytes is the
 * front, and not the whole, of an anchor; the end when there is none. */
size_t hf_anchors_partial(const struct hf_anchors *anchors, const struct hf_view *view,
                          size_t from);

#endif
