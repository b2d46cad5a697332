/* wrapper/ask.h: what a person is shown when they are asked: plain words, secrets taken out.
 *
 * What a parameter says that matters (a command, a path, a URL, a host, an amount, a value, and
 * whatever the policy does not know) is shown whole, over as many lines as it needs, or nobody is
 * asked. Of texts, such as what is to be written, the begin is shown, with the number of bytes that
 * are hidden and their SHA-256; who asks then raises the risk.
 * Threads: the loop's.
 */
#ifndef HF_WRAPPER_ASK_H
#define HF_WRAPPER_ASK_H

#include "base/buf.h"
#include "schemas/events_gen.h"
#include "wrapper/protocol.h"

struct hf_wrapper;

#define HF_ASK_ARGUMENTS_MAX 16 /* lines of at most 256 bytes */

struct hf_ask {
    bool cut; /* read-only: not all of it is shown */
    /* private */
    struct hf_buf text; /* all strings, one behind the other */
    size_t summary_len;
    size_t count;

    struct {
        size_t name_len;
        size_t value_len;
    } arguments[HF_ASK_ARGUMENTS_MAX];
};

/* HF_ETOOBIG, HF_EINVAL: what matters cannot be shown whole, or not at all; err says what.
 * HF_ENOMEM, or why it could not be redacted. Free it in any case. */
enum hf_rc hf_ask_make(struct hf_wrapper *wrapper, const struct hf_plugin_call *call,
                       struct hf_ask *ask, struct hf_err *err);
/* Clears the event and sets summary and arguments, which borrow from ask. */
void hf_ask_fill(const struct hf_ask *ask, struct hf_event_approval_requested *event);
void hf_ask_free(struct hf_ask *ask);

#endif
