/* wrapper/redaction/sample.h: made-up tokens of a shape, for the self-test and the tests.
 *
 * No token stands in this repository: each is drawn from its pattern, and then gets its checksum,
 * or what its check decodes. Pure; any thread.
 */
#ifndef HF_WRAPPER_REDACTION_SAMPLE_H
#define HF_WRAPPER_REDACTION_SAMPLE_H

#include "base/buf.h"
#include "wrapper/redaction/shapes.h"

/* Appends a token that matches, the shortest of its form; the same seed gives the same. What must
 * stand before it (hf_left) comes first, *ret_at is where the match begins. Failure is out's. */
void hf_shape_sample(const struct hf_shape *shape, uint64_t seed, struct hf_buf *out,
                     size_t *ret_at);

/* For shapes with a checksum or something to decode: changes the match, `len` bytes, so that its
 * form stays right and its check fails. False when the shape's check cannot fail that way. */
bool hf_shape_spoil(const struct hf_shape *shape, uint8_t *match, size_t len);

#endif
