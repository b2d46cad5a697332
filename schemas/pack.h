/* schemas/pack.h: writes canonical MessagePack into a writer; the only user of msgpack-c.
 *
 * Every call writes the shortest form. The order of map keys, the number of members and UTF-8 are
 * the caller's business: what is written is checked by schemas/canonical.h before it is stored.
 * Overflow is the writer's: sticky, checked once. Pure functions; any thread.
 */
#ifndef HF_SCHEMAS_PACK_H
#define HF_SCHEMAS_PACK_H

#include "base/bytes.h"

void hf_pack_nil(struct hf_writer *w);
void hf_pack_bool(struct hf_writer *w, bool value);
void hf_pack_u64(struct hf_writer *w, uint64_t value);
/* Non-negative values are written in the unsigned family. */
void hf_pack_i64(struct hf_writer *w, int64_t value);
void hf_pack_str(struct hf_writer *w, struct hf_str value);
void hf_pack_bin(struct hf_writer *w, struct hf_bytes value);
/* count values follow. */
void hf_pack_array(struct hf_writer *w, size_t count);
/* count pairs of key and value follow. */
void hf_pack_map(struct hf_writer *w, size_t count);
/* Sealed personal data in the shape of schemas/canonical.h; at least HF_SEALED_MIN bytes. */
void hf_pack_sealed(struct hf_writer *w, struct hf_bytes value);

#endif
