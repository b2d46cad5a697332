/* wrapper/redact.h: the redactor of this wrapper, for everything that leaves it.
 *
 * Registered secrets come from the agent's vault (wrapper/secrets.c asks for them); until they do,
 * and beside them, what providers hand out is found by its shape. Placeholders are made with the
 * vault's key once it is here, before that with a key of the state folder; by either the same value
 * is the same placeholder, also after a restart.
 * Threads: the loop's.
 */
#ifndef HF_WRAPPER_REDACT_H
#define HF_WRAPPER_REDACT_H

#include "base/buf.h"
#include "base/env.h"
#include "wrapper/redaction/redaction.h"

struct hf_redact {
    struct hf_secret key;
    struct hf_redactor *redactor; /* NULL: nothing may pass */
    struct hf_redaction_counts counts;
    size_t secrets; /* registered ones */
};

/* key_file: made when it is not there. Runs the self-test. */
enum hf_rc hf_redact_open(struct hf_env *env, const char *key_file, struct hf_redact *redact,
                          struct hf_err *err);
/* Another redactor takes the place of this one; taken. */
void hf_redact_swap(struct hf_redact *redact, struct hf_redactor *redactor, size_t secrets);
void hf_redact_close(struct hf_redact *redact);

/* Appends the text without secrets to out. *ret_changed: something was replaced. An error, also a
 * failed buffer: nothing of it may be shown to anybody. */
enum hf_rc hf_redact_text(struct hf_redact *redact, struct hf_str text, struct hf_buf *out,
                          bool *ret_changed, struct hf_err *err);

#endif
