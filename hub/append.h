/* hub/append.h: events that the Hub itself appends to its region's log. */
#ifndef HF_HUB_APPEND_H
#define HF_HUB_APPEND_H

#include "hub/hub.h"

struct hf_hub_event {
    const char *type;
    uint32_t schema_version;
    struct hf_str stream;
    struct hf_bytes payload;
    struct hf_bytes blob;   /* empty: none; borrowed until the answer */
    struct hf_str producer; /* empty: the Hub's own, with its next sequence */
    uint64_t sequence;
    struct hf_str correlation; /* empty: none */
    bool expects;              /* the stream must be at `version` */
    uint64_t version;
};

/* actor: in whose name. HF_OK: post->done will run on the loop, when the event is durable and
 * signed for. Else it cannot be written, as hf_owned_post says. */
enum hf_rc hf_hub_append(struct hf_hub *hub, const struct hf_hub_event *event, struct hf_str actor,
                         struct hf_post *post, struct hf_err *err);

/* An append went well, and what the Hub knows has it: answers are as of it now. Appends are
 * answered in the log's order. */
void hf_hub_reached(struct hf_hub *hub, const struct hf_append *append);

/* Takes what was appended into the Hub's memory, so that the next decision sees it; then it is
 * reached. For an append that went well; repeated ones are let go. */
void hf_hub_fold_own(struct hf_hub *hub, const struct hf_append *append);

/* The newest signed checkpoint: its note, borrowed until the next append, and its size. */
enum hf_rc hf_hub_checkpoint(const struct hf_hub *hub, struct hf_bytes *ret_note,
                             uint64_t *ret_size, struct hf_err *err);

#endif
