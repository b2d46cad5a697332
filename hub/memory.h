/* hub/memory.h: all that the Hub folds out of its log, in parts, and as bytes for a snapshot.
 *
 * A part folds entries, and can say what it knows as records (schemas/record.h) and take them back:
 * then it knows what a fold from the log's beginning would give. Whatever a Hub learns from its log
 * is a part of the table in hub/memory.c; who changes what a part folds, or what its records mean,
 * raises HF_MEMORY_VERSION, so that older snapshots are not taken.
 * Threads: the loop's.
 */
#ifndef HF_HUB_MEMORY_H
#define HF_HUB_MEMORY_H

#include "base/buf.h"
#include "schemas/record.h"

#define HF_MEMORY_VERSION 6
#define HF_MEMORY_MAX     (UINT64_C(1) << 30) /* 100,000 tenants with all they can have: 600 MB */

struct hf_hub;
struct hf_envelope;

/* What a part writes its records to. */
struct hf_memory_out {
    struct hf_buf *buf;
    uint8_t tag;
    const struct hf_record *record;
};

struct hf_memory_part {
    uint8_t tag;
    const struct hf_record *record;
    /* Takes one entry of the region's log. NULL: another part's fold does. */
    enum hf_rc (*fold)(struct hf_hub *hub, uint64_t index, const struct hf_envelope *envelope,
                       struct hf_err *err);
    /* Says what it knows, in an order in which it can be taken again. */
    void (*put)(const struct hf_hub *hub, struct hf_memory_out *out);
    /* Takes one record, a struct of its table. HF_ENOMEM, HF_EINVAL. */
    enum hf_rc (*take)(struct hf_hub *hub, const void *record);
};

/* In the order in which an entry goes through them; NULL at the end. */
extern const struct hf_memory_part *const hf_memory_parts[];
extern const struct hf_memory_part hf_memory_artifacts; /* hub/memory_artifacts.c: */
extern const struct hf_memory_part hf_memory_slots;
extern const struct hf_memory_part hf_memory_told;
extern const struct hf_memory_part hf_memory_approvals; /* hub/memory_approvals.c: */
extern const struct hf_memory_part hf_memory_untold;
extern const struct hf_memory_part hf_memory_segments;
extern const struct hf_memory_part hf_memory_people; /* hub/memory_outbox.c: */
extern const struct hf_memory_part hf_memory_contacts;
extern const struct hf_memory_part hf_memory_matters;
extern const struct hf_memory_part hf_memory_attempts;
extern const struct hf_memory_part hf_memory_subjects; /* hub/memory_subjects.c: */
extern const struct hf_memory_part hf_memory_sealed;

/* Empty. HF_ENOMEM: to be ended as well. */
enum hf_rc hf_memory_init(struct hf_hub *hub, struct hf_err *err);
/* Also of zeroes. */
void hf_memory_fini(struct hf_hub *hub);

void hf_memory_emit(struct hf_memory_out *out, const void *record);

/* Appends everything that is folded to buf, whose failure is sticky. Not while a decision is on its
 * way to the log that is known before it is there (hf_hub_router). */
void hf_memory_write(const struct hf_hub *hub, struct hf_buf *buf);
/* Into an empty memory. HF_EINVAL, HF_ENOMEM: it may be half full then. */
enum hf_rc hf_memory_read(struct hf_hub *hub, struct hf_bytes bytes, struct hf_err *err);
/* Which version and tables wrote it. */
void hf_memory_fingerprint(struct hf_hash *ret);

#endif
