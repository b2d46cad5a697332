/* wrapper/redaction/engine.h: finds anchors in a stream of bytes: Hyperscan, or Vectorscan.
 *
 * Patterns are regular expressions of fixed width, so each hit's end tells its begin. An engine
 * does not change and is shared by threads; a scanner belongs to one stream. The compiled patterns
 * hold the fronts of registered secrets, so they lie in guarded memory.
 */
#ifndef HF_WRAPPER_REDACTION_ENGINE_H
#define HF_WRAPPER_REDACTION_ENGINE_H

#include "base/bytes.h"
#include "base/err.h"

struct hf_engine;
struct hf_scanner;

struct hf_hit {
    uint64_t end; /* position in the stream, after the anchor */
    uint32_t id;  /* of the pattern */
};

/* HF_ENOSYS: the processor lacks what it needs. Sets the library's allocators; once a process. */
enum hf_rc hf_engine_init(struct hf_err *err);
/* At least one pattern; copies. ids: what a hit of each says; several may say the same. */
enum hf_rc hf_engine_new(const char *const *patterns, const unsigned *ids, size_t count,
                         struct hf_engine **ret_engine, struct hf_err *err);
void hf_engine_free(struct hf_engine *engine);

/* Borrows the engine. HF_ENOMEM. */
enum hf_rc hf_scanner_new(const struct hf_engine *engine, struct hf_scanner **ret_scanner);
/* Called for each hit, in no order among hits with the same end; not HF_OK ends the scan. */
typedef enum hf_rc hf_hit_fn(void *arg, const struct hf_hit *hit);
enum hf_rc hf_scanner_feed(struct hf_scanner *scanner, struct hf_bytes bytes, hf_hit_fn *fn,
                           void *arg);
/* A new stream begins. */
enum hf_rc hf_scanner_reset(struct hf_scanner *scanner);
void hf_scanner_free(struct hf_scanner *scanner);

#endif
