/* hub/mirror_alarm.h: what a tenant signed does not go on from what it had signed before.
 *
 * Both sides' signatures are kept in the event mirror.alarm: what the tenant signed now, and the
 * checkpoint that the region took last, with the tenant's signature and the region's. One of a kind
 * an hour for a tenant is written, with a log line. Threads: the loop's.
 */
#ifndef HF_HUB_MIRROR_ALARM_H
#define HF_HUB_MIRROR_ALARM_H

#include "hub/notes.h"

enum hf_mirror_alarm_kind {
    HF_MIRROR_ALARM_FORK,     /* another history of the same log */
    HF_MIRROR_ALARM_ROLLBACK, /* the tenant's log became shorter, or is in an older epoch */
    HF_MIRROR_ALARM_GAP,      /* the tenant has receipts for entries that the region has not */
};

struct hf_mirror_alarm {
    enum hf_mirror_alarm_kind kind;
    uint32_t epoch; /* of the tenant's log, as it signed it */
    uint64_t size;
    const struct hf_hash *root;  /* NULL: it did not say */
    struct hf_str tenant_signed; /* the note, or a heartbeat's lines and its signature */
};

void hf_hub_note_mirror_alarm(struct hf_hub *hub, struct hf_hub_tenant *tenant,
                              const struct hf_mirror_alarm *alarm);

/* A segment that the mirror refused with rc: notes it when it is one of the three. */
void hf_hub_note_refused_segment(struct hf_hub *hub, struct hf_hub_tenant *tenant,
                                 const struct hf_segment *segment, enum hf_rc rc);

/* The checkpoint that a segment ends with, with the region's signature under it: the receipt. */
void hf_hub_receipt(const struct hf_hub *hub, struct hf_bytes note, struct hf_buf *buf);

#endif
