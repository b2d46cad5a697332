/* wrapper/secrets.h: keeps the redactor up to date with the secrets in the agent's vault.
 *
 * The agent is asked every few seconds, with the tag of what is known, so that nothing but a change
 * costs anything. A new redactor is made on another thread, must pass its own self-test, and takes
 * the place of the one before; until then, and when the vault cannot be read, the one before goes
 * on. Values live in locked memory only.
 * Threads: the loop's.
 */
#ifndef HF_WRAPPER_SECRETS_H
#define HF_WRAPPER_SECRETS_H

#include "base/http/client.h"
#include "base/logger.h"
#include "wrapper/redact.h"

#define HF_SECRETS_TAG_MAX 80

struct hf_secrets {
    /* private */
    struct hf_loop *loop;
    const struct hf_logger *logger;
    struct hf_http_client *client;
    struct hf_redact *redact;
    struct hf_timer timer;
    struct hf_http_call call;
    bool asking;
    bool complained;
    bool closing;
    struct hf_work work;
    struct hf_secrets_batch *batch; /* that is being made into a redactor */
    char tag[HF_SECRETS_TAG_MAX];   /* of what is in force; empty: nothing */
    char field[HF_SECRETS_TAG_MAX + 24];
    const char *fields[1];
    void (*closed)(void *arg);
    void *arg;
};

/* Borrows client and redact. The first question goes out at once. */
void hf_secrets_open(struct hf_secrets *secrets, struct hf_loop *loop,
                     const struct hf_logger *logger, struct hf_http_client *client,
                     struct hf_redact *redact);
/* Afterwards redact is not touched any more, and client is not used. */
void hf_secrets_close(struct hf_secrets *secrets, void (*closed)(void *arg), void *arg);

#endif
