/* base/http/mail.h: hands mail to a mail server: SMTP by libcurl, on the loop.
 *
 * Never without TLS: smtp:// upgrades with STARTTLS or fails, smtps:// begins with it. The server
 * is trusted by the system's authorities or those of a file. Each mail goes to one person.
 * Threads: the loop's. `done` never runs inside of the start.
 */
#ifndef HF_BASE_HTTP_MAIL_H
#define HF_BASE_HTTP_MAIL_H

#include "base/buf.h"
#include "base/loop.h"
#include "base/secret.h"

#define HF_MAIL_ADDRESS_MAX 254 /* RFC 5321 */

struct hf_mailer;

struct hf_mailer_conf {
    const char *url;                  /* smtp://HOST[:PORT] or smtps://HOST[:PORT] */
    const char *from;                 /* the envelope's sender */
    const char *user;                 /* NULL: without signing in */
    const struct hf_secret *password; /* borrowed as long as the mailer lives */
    const char *ca_file;              /* authorities in PEM; NULL: the system's */
};

/* What is wrong with it: HF_EINVAL. */
enum hf_rc hf_mailer_check(const struct hf_mailer_conf *conf, struct hf_err *err);
/* Copies the texts of conf. */
enum hf_rc hf_mailer_new(struct hf_loop *loop, const struct hf_mailer_conf *conf,
                         struct hf_mailer **ret_mailer, struct hf_err *err);
/* No mail may be under way. NULL is fine. */
void hf_mailer_free(struct hf_mailer *mailer);

enum hf_mail_outcome {
    HF_MAIL_TAKEN,      /* the server answers for it from now on */
    HF_MAIL_NO_MAILBOX, /* 5xx for the recipient: it will never be taken */
    HF_MAIL_REFUSED,    /* 5xx for something else, or no right to send */
    HF_MAIL_LATER,      /* 4xx */
    HF_MAIL_UNREACHABLE,
    HF_MAIL_TIMEOUT,
};

/* One mail; embedded by its owner and left in place until `done` ran. */
struct hf_mail {
    /* public: borrowed until done */
    const char *to;          /* the recipient's address; see hf_mail_address_ok */
    struct hf_bytes message; /* RFC 5322, lines end with CRLF */
    uint64_t timeout_ns;
    void (*done)(struct hf_mail *mail);
    /* how it ended; read-only */
    enum hf_mail_outcome outcome;
    int status; /* the server's last code; 0: none */
    struct hf_err err;
    /* private */
    struct hf_mailer *mailer;
    struct hf_task task;
    void *impl;
    size_t sent;
};

void hf_mail_start(struct hf_mailer *mailer, struct hf_mail *mail);
/* `done` will not run; the server may have taken it all the same. */
void hf_mail_cancel(struct hf_mail *mail);

/* Is that an address that can be written to: LOCAL@DOMAIN of plain ASCII without quoting, comments
 * or line ends? */
bool hf_mail_address_ok(struct hf_str address);

#endif
