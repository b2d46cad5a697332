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
#include "wrapper/disguise.h"
#include "wrapper/redaction/redaction.h"

#define HF_REDACT_SHAPES_MAX 160 /* of which shapes.c has fewer */

/* Since the start. */
struct hf_redact_counts {
    struct hf_redaction_counts all;
    uint64_t shapes[HF_REDACT_SHAPES_MAX]; /* matches of each of hf_shapes */
    uint64_t took_ns;
};

/* How a redactor's self-test went. */
struct hf_redact_tested {
    enum hf_rc rc;
    struct hf_err err;
    uint64_t cases; /* a registered secret or a shape each */
    uint64_t took_us;
    struct hf_env *env; /* whose clock took_us is by */
};

struct hf_redact {
    struct hf_env *env;
    struct hf_secret key;
    struct hf_redactor *redactor;   /* NULL: nothing may pass */
    struct hf_disguises *disguises; /* of the same secrets; NULL: there are none */
    struct hf_redact_counts counts;
    size_t secrets; /* registered ones */
    struct hf_redact_tested boot;
    struct hf_redact_tested failed; /* the newest that did */
    uint64_t failures;              /* of self-tests; boot's is none of them */
};

/* key_file: made when it is not there. Runs the self-test; when that fails, which boot says, it is
 * open all the same and nothing passes. */
enum hf_rc hf_redact_open(struct hf_env *env, const char *key_file, struct hf_redact *redact,
                          struct hf_err *err);
/* Others take the place of these; taken. */
void hf_redact_swap(struct hf_redact *redact, struct hf_redactor *redactor,
                    struct hf_disguises *disguises, size_t secrets);
/* Runs the redactor's self-test. ret->env is set before. Any thread. */
void hf_redact_test(struct hf_redactor *redactor, struct hf_redact_tested *ret);
/* A redactor failed its test, this one or the next: nothing passes any more. */
void hf_redact_failed(struct hf_redact *redact, const struct hf_redact_tested *tested);
void hf_redact_close(struct hf_redact *redact);

/* Appends the text without secrets to out. *ret_changed: something was replaced. An error, also a
 * failed buffer: nothing of it may be shown to anybody. */
enum hf_rc hf_redact_text(struct hf_redact *redact, struct hf_str text, struct hf_buf *out,
                          bool *ret_changed, struct hf_err *err);

#endif
