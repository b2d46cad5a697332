/* hub/notifier.h: the role that brings messages to people: web push and mail.
 *
 * It owns nothing: it takes messages over the Hub's own socket, brings each to the service that is
 * meant, and says how it went; what follows from that is the Hub's to decide. So it can end at any
 * moment: what it held is due again, and what it said is in the log. Each message is a machine:
 *
 *   bringing ──service answered──► reporting ──taken──► done
 *                                     ▲  │ Hub away
 *                                     └─ pausing
 *
 * One of them for a region. Threads: the loop's. Order: open, the loop runs, close.
 */
#ifndef HF_HUB_NOTIFIER_H
#define HF_HUB_NOTIFIER_H

#include "base/http/client.h"
#include "base/http/mail.h"
#include "base/logger.h"
#include "base/queue.h"

#define HF_NOTIFIER_JOBS 32 /* at a time; the Hub's socket takes 64 connections */

struct hf_notifier_conf {
    struct hf_loop *loop;
    const struct hf_logger *logger;
    const char *socket;         /* the Hub's */
    bool push_anywhere;         /* also to private addresses, and without TLS (tests) */
    const char *ca_file;        /* authorities for what it calls; NULL: the system's */
    struct hf_mailer_conf mail; /* url NULL: there is no mail server */
};

struct hf_notifier {
    /* private */
    struct hf_notifier_conf conf;
    struct hf_http_client *hub;
    struct hf_http_client *push;
    struct hf_mailer *mailer;
    char from[HF_MAIL_ADDRESS_MAX + 1];
    struct hf_queue jobs;
    unsigned count;
    struct hf_http_call take;
    char body[96];
    bool taking;
    bool known; /* the Hub knows that whoever came before is gone */
    struct hf_timer again;
    unsigned failures;
};

/* Copies what conf points to but for the password. */
enum hf_rc hf_notifier_open(struct hf_notifier *notifier, const struct hf_notifier_conf *conf,
                            struct hf_err *err);
/* What is under way is let go. Also for one of zeroes, or half open. */
void hf_notifier_close(struct hf_notifier *notifier);

#endif
