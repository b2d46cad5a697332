/* schemas/envelope.h: the envelope of an event, version 1.
 *
 * An event is canonical MessagePack (schemas/canonical.h): an array whose elements have meaning by
 * position. A submission is what a producer makes, 12 elements; a leaf is what the log stores, the
 * same 12 elements byte for byte and two that the log's writer adds:
 *
 *   0 envelope version  uint, 1
 *   1 type              str of 1..64 bytes out of a-z 0-9 . _
 *   2 schema version    uint, 1..65,535
 *   3 producer          str of 1..128 bytes, no control characters
 *   4 producer sequence uint, from 1
 *   5 stream            str of 1..128 bytes, no control characters
 *   6 occurred          uint, microseconds UTC since 1970, up to the end of the year 9999
 *   7 actor             str of 0..128 bytes, no control characters
 *   8 correlation       str of 0..128 bytes, no control characters
 *   9 causation         nil, or array of 2: producer as in 3, sequence as in 4
 *  10 blob              nil, or bin of 32 bytes: SHA-256 of the blob's plain bytes
 *  11 payload           map
 *  12 stream version    uint, from 1            (leaf only)
 *  13 recorded          uint, like 6            (leaf only)
 *
 * So a submission begins with 0x9c, a leaf with 0x9e, and
 *   leaf = 0x9e || submission[1..] || version || recorded
 *   submission hash = SHA-256("holdfast/submission/v1\n" || submission).
 * Control characters are U+0000..U+001F, U+007F and U+0080..U+009F.
 * Pure functions; any thread.
 */
#ifndef HF_SCHEMAS_ENVELOPE_H
#define HF_SCHEMAS_ENVELOPE_H

#include "base/bytes.h"
#include "base/crypto.h"
#include "base/err.h"

#define HF_ENVELOPE_VERSION        1
#define HF_ENVELOPE_TYPE_MAX       64
#define HF_ENVELOPE_NAME_MAX       128
#define HF_ENVELOPE_SCHEMA_MAX     65535
#define HF_ENVELOPE_TIME_MAX       INT64_C(253402300799999999)
#define HF_ENVELOPE_SUBMISSION_TAG 0x9c
#define HF_ENVELOPE_LEAF_TAG       0x9e
#define HF_LEAF_MAX                65535
/* Most bytes that hf_envelope_finish adds: two integers of 9 bytes. */
#define HF_ENVELOPE_FINISH_MAX     18
#define HF_SUBMISSION_MAX          (HF_LEAF_MAX - HF_ENVELOPE_FINISH_MAX)
#define HF_SUBMISSION_PREFIX       "holdfast/submission/v1\n"

/* All slices borrow from the bytes it was parsed from (or from the caller, for writing). */
struct hf_envelope {
    struct hf_str type;
    uint32_t schema_version;
    struct hf_str producer;
    uint64_t sequence;
    struct hf_str stream;
    int64_t occurred_us;
    struct hf_str actor;
    struct hf_str correlation;
    bool has_causation;
    struct hf_str causation_producer;
    uint64_t causation_sequence;
    struct hf_bytes blob;    /* 32 bytes, or empty when the event names none */
    struct hf_bytes payload; /* a MessagePack map, canonical */
    uint64_t version;        /* 0 in a submission */
    int64_t recorded_us;     /* 0 in a submission */
    /* Set by parse and read, not looked at by write. */
    struct hf_bytes bytes; /* the whole submission or leaf */
    size_t body_len;       /* offset of element 12; a submission's length */
};

/* Check everything: canonical form, then the shape above. HF_EINVAL or HF_ETOOBIG, with the offset
 * and the reason, or the element's name. *ret is written only on HF_OK. */
enum hf_rc hf_envelope_parse_submission(struct hf_bytes submission, struct hf_envelope *ret,
                                        struct hf_err *err);
enum hf_rc hf_envelope_parse_leaf(struct hf_bytes leaf, struct hf_envelope *ret,
                                  struct hf_err *err);

/* For bytes that were checked when they were appended: checks what memory safety and the struct's
 * bounds need (widths, kinds, lengths, extent of the payload), not UTF-8, characters or the inside
 * of the payload. HF_ECORRUPT. */
enum hf_rc hf_envelope_read_leaf(struct hf_bytes leaf, struct hf_envelope *ret, struct hf_err *err);
enum hf_rc hf_envelope_read_submission(struct hf_bytes submission, struct hf_envelope *ret,
                                       struct hf_err *err);

/* Checks the fields (HF_EINVAL names the one at fault) and writes the submission; HF_ETOOBIG when
 * it does not fit the writer or HF_SUBMISSION_MAX. The payload's bytes are not looked into: parse
 * what was written, or have made them with an encoder of schemas/events_gen.h. */
enum hf_rc hf_envelope_write_submission(const struct hf_envelope *envelope, struct hf_writer *w,
                                        struct hf_err *err);

/* Writes the leaf made of a checked submission, version from 1, recorded from 0. */
void hf_envelope_finish(struct hf_bytes submission, uint64_t version, int64_t recorded_us,
                        struct hf_writer *w);

void hf_submission_hash(struct hf_bytes submission, struct hf_hash *ret_hash);
/* Of an envelope that was parsed or read, from a submission or a leaf: the same hash for both. */
void hf_envelope_submission_hash(const struct hf_envelope *envelope, struct hf_hash *ret_hash);

#endif
