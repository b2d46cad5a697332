/* wrapper/redaction/engine.h: finds anchors in a stream of bytes.
 *
 * Most bytes are never looked at closely. For the anchors of shapes a text is passed in pairs of
 * bytes, each looked up once (pairs.h); for those of registered secrets, one window in every eight
 * bytes is (grams.h). Where any of it may belong to an anchor, the anchor is compared byte by byte,
 * so hits are exact.
 *
 * This is our own because a general engine (Hyperscan) cannot make use of what is known here, that
 * each secret's anchor has at least 8 bytes and nearly all have 16, and that of a shape's anchor
 * four neighbouring bytes are rare: docs/BENCHMARKS.md. It also runs on any processor.
 *
 * An engine does not change and is shared by threads; a scanner belongs to one stream. Nothing
 * outside of the bytes given is read.
 */
#ifndef HF_WRAPPER_REDACTION_ENGINE_H
#define HF_WRAPPER_REDACTION_ENGINE_H

#include "base/bytes.h"
#include "wrapper/redaction/needle.h"

struct hf_engine;
struct hf_scanner;

struct hf_hit {
    uint64_t end;    /* position in the stream, after the anchor */
    uint32_t needle; /* index */
};

/* Copies the list, borrows what it points at until the engine is freed. HF_ENOMEM. */
enum hf_rc hf_engine_new(const struct hf_needle *needles, size_t count,
                         struct hf_engine **ret_engine);
void hf_engine_free(struct hf_engine *engine);

/* Borrows the engine. HF_ENOMEM. */
enum hf_rc hf_scanner_new(const struct hf_engine *engine, struct hf_scanner **ret_scanner);
/* Called for each hit once the anchor's last byte has come, about in the order of the text; not
 * HF_OK ends the scan. */
typedef enum hf_rc hf_hit_fn(void *arg, const struct hf_hit *hit);
/* Borrows bytes until it returns; keeps a copy of the last HF_ANCHOR_MAX - 1 of them. */
enum hf_rc hf_scanner_feed(struct hf_scanner *scanner, struct hf_bytes bytes, hf_hit_fn *fn,
                           void *arg);
/* A new stream begins; wipes what was kept of the last. */
void hf_scanner_reset(struct hf_scanner *scanner);
void hf_scanner_free(struct hf_scanner *scanner);

#endif
