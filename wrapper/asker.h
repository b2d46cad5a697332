/* wrapper/asker.h: who asks, in names that fit an event.
 * Pure.
 */
#ifndef HF_WRAPPER_ASKER_H
#define HF_WRAPPER_ASKER_H

#include "schemas/events_gen.h"

#define HF_ASKER_NAME_MAX    128 /* bytes of a session, a call, a person in an event */
#define HF_ASKER_CHANNEL_MAX 64

struct hf_asker {
    char session[HF_ASKER_NAME_MAX + 1]; /* "none" where there is none */
    char channel[HF_ASKER_CHANNEL_MAX + 1];
    char requester[HF_ASKER_NAME_MAX + 1]; /* "owner" where only that is known */
};

/* As a plugin says them; owner: the requester is the owner. */
void hf_asker_take(struct hf_asker *asker, struct hf_str session, struct hf_str channel,
                   struct hf_str requester, bool owner);
/* Session, channel and requester of the event, which borrows them. */
void hf_asker_fill(const struct hf_asker *asker, struct hf_event_approval_requested *event);
/* A name that fits into cap bytes with its NUL; a longer one ends in the hash of the whole. */
void hf_asker_fit(struct hf_str name, char *out, size_t cap);

#endif
