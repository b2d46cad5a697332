/* schemas/upcast.h: payloads of old schema versions become payloads of newer ones.
 *
 * Stored bytes never change. Whoever wants the newest shape of an old event upcasts a copy: one
 * step a version, each a pure function from payload bytes to payload bytes. Any thread.
 */
#ifndef HF_SCHEMAS_UPCAST_H
#define HF_SCHEMAS_UPCAST_H

#include "base/bytes.h"
#include "base/err.h"

struct hf_upcast {
    struct hf_str type;
    uint32_t from; /* turns a payload of this version into one of the next */
    enum hf_rc (*step)(struct hf_bytes payload, struct hf_writer *w, struct hf_err *err);
};

/* Upcasts payload from version `from` to version `to` (from < to) through all steps, and writes
 * the result. HF_EVERSION when a step is missing, HF_EINVAL when the payload is not of the version
 * it says, HF_ETOOBIG when the result does not fit the writer or HF_CANONICAL_SIZE_MAX. */
enum hf_rc hf_upcast(struct hf_str type, uint32_t from, uint32_t to, struct hf_bytes payload,
                     struct hf_writer *w, struct hf_err *err);

struct hf_envelope;

/* The event's payload in the newest shape: its own bytes when it has it already, else upcast into w
 * (borrowed by *ret_payload). HF_EVERSION when the event is newer than that; else as hf_upcast. */
enum hf_rc hf_upcast_newest(const struct hf_envelope *event, uint32_t newest, struct hf_writer *w,
                            struct hf_bytes *ret_payload, struct hf_err *err);

struct hf_upcast_job {
    const struct hf_upcast *table; /* in any order */
    size_t count;
    struct hf_str type;
    uint32_t from;
    uint32_t to;
    struct hf_bytes payload;
};

/* The same with the steps of a given table; borrows. */
enum hf_rc hf_upcast_by(const struct hf_upcast_job *job, struct hf_writer *w, struct hf_err *err);

#endif
