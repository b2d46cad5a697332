/* tenant/feed_record.h: what the tenant's log says became of a directive, or of an answer of the
 * feed that was not believed.
 *
 * A directive leaves one event under its own number: directive.applied, approval.delivered for an
 * answer to a request, approval.requested for a probe, or directive.refused. Pure; any thread.
 */
#ifndef HF_TENANT_FEED_RECORD_H
#define HF_TENANT_FEED_RECORD_H

#include "schemas/events_gen.h"
#include "tenant/feed_answer.h"

/* An event but for its time. Borrows from what it was made of and from its writer. */
struct hf_feed_record {
    const char *type;
    uint32_t version;
    const char *stream;  /* "directive", "feed" or "approval" */
    const char *subject; /* the rest of the stream's name */
    const char *producer;
    uint64_t sequence;
    struct hf_bytes payload;
};

/* What became of an item of the feed. done: false: it is refused, because of its verdict, or with
 * HF_FEED_DO because it cannot be done here. */
void hf_feed_record_item(const char *tenant, const struct hf_feed_item *item, bool done,
                         struct hf_writer *w, struct hf_feed_record *ret);
/* The answer to a probe was delivered by the entry with that index, and nothing ran. */
void hf_feed_record_probe_ended(const char *tenant, const struct hf_feed_item *item,
                                uint64_t delivered, struct hf_writer *w,
                                struct hf_feed_record *ret);
/* An answer as a whole was not believed, by the producer "feed"; its sequence is the caller's. */
void hf_feed_record_unproved(const char *tenant, enum hf_event_directive_refused_reason reason,
                             struct hf_writer *w, struct hf_feed_record *ret);
/* The same for two histories: the checkpoint that was known, and the one that was shown. */
void hf_feed_record_forked(const char *tenant, struct hf_bytes known, struct hf_bytes shown,
                           struct hf_writer *w, struct hf_feed_record *ret);

#endif
