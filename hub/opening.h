/* hub/opening.h: what a request for approval says, opened for as long as somebody looks.
 *
 * The request is read out of its segment; what is sealed in it is opened with the subject's key out
 * of custody. Nothing of it is kept: the Hub's memory, its snapshot, read models and events know
 * the subject's id alone. Who may look is commands/subject.h's to say; what came in the clear, from
 * old agents or about nobody, is for whoever sees the request. Threads: the loop's.
 */
#ifndef HF_HUB_OPENING_H
#define HF_HUB_OPENING_H

#include "base/buf.h"
#include "commands/approval.h"
#include "hub/hub.h"

#define HF_OPENING_ROOM 16384
#define HF_OPENING_ARGS 16

enum hf_opening_state {
    HF_OPENING_CLEAR,      /* nothing is sealed */
    HF_OPENING_OPEN,       /* it was, and is open */
    HF_OPENING_ROLE,       /* the caller may not read it */
    HF_OPENING_MISSING,    /* the key is not here: not yet, or not any more */
    HF_OPENING_ERASED,     /* for good */
    HF_OPENING_UNREADABLE, /* the key that is here does not open it */
};

struct hf_opening_argument {
    struct hf_str name;
    struct hf_str value;
};

struct hf_opening {
    enum hf_opening_state state;
    struct hf_event_approval_requested request; /* the rest of it */
    struct hf_str summary;                      /* empty: it is not known, or closed */
    struct hf_str requester;
    struct hf_opening_argument arguments[HF_OPENING_ARGS];
    size_t argument_count;
    /* private */
    struct hf_personal personal;
    uint8_t room[HF_OPENING_ROOM];
};

/* Whoever asks for `by`; NULL: the Hub itself, which reads what it has to decide on. Borrows from
 * the Hub's entries until they are read again. Fails when the request cannot be read at all; close
 * it then as well. */
enum hf_rc hf_opening_open(struct hf_hub *hub, const struct hf_approval *approval,
                           const struct hf_principal *by, struct hf_opening *ret,
                           struct hf_err *err);
/* Wipes what was opened. */
void hf_opening_close(struct hf_opening *opening);

/* Why it is closed: "missing" for programs, and in words; NULL: it is open. */
const char *hf_opening_why(enum hf_opening_state state);
const char *hf_opening_words(enum hf_opening_state state);

/* As hf_outbox_conf has it; arg is the Hub. */
void hf_opening_requester(void *arg, struct hf_str tenant, struct hf_str approval,
                          char out[HF_APPROVAL_TEXT_MAX + 1]);

#endif
