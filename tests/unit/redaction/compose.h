/* tests/unit/redaction/compose.h: texts full of secrets, out of a few bytes, and what holds for
 * them.
 *
 * A recipe's bytes choose plain characters, spellings of registered secrets and tokens of the
 * shapes, whole or cut, so that a fuzzer and a random test reach what no chance would spell.
 */
#ifndef HF_TESTS_UNIT_REDACTION_COMPOSE_H
#define HF_TESTS_UNIT_REDACTION_COMPOSE_H

#include "base/buf.h"
#include "wrapper/redaction/redaction.h"

#define COMPOSE_SECRETS 5
#define COMPOSE_MAX     200000

/* The registered secrets of these tests: with every character that some encoding treats in its own
 * way, one within the other, one of many bytes. Static storage. */
extern const char *const compose_secrets[COMPOSE_SECRETS];

/* Starts the libraries. Gives a redactor of these secrets (kinds s0, s1 ...). */
struct hf_redactor *compose_redactor(bool without_tokens);
/* Gives one of the shapes alone. */
struct hf_redactor *compose_no_secrets(void);

/* HF_ENOMEM or HF_ETOOBIG are in out->failed. */
void compose(struct hf_bytes recipe, struct hf_buf *out);

/* Redacts text in pieces of at most `most` bytes, of changing length when `state` is not NULL. */
enum hf_rc compose_redact(struct hf_redactor *redactor, struct hf_bytes text, size_t most,
                          uint64_t *state, struct hf_buf *out, struct hf_redaction_counts *io_sum,
                          struct hf_err *err);

/* The name of a spelling of a registered secret that is in text, or NULL. */
const char *compose_leak(struct hf_bytes text);

#endif
