/* hub/notice_text.h: the words of messages to people: what a push shows, what a mail says.
 *
 * What a tenant wrote is one line of them, without control characters, so that it can neither end a
 * head nor look like words of ours on lines of their own. Links lead to a page; no link decides.
 * Pure.
 */
#ifndef HF_HUB_NOTICE_TEXT_H
#define HF_HUB_NOTICE_TEXT_H

#include "base/buf.h"
#include "base/crypto.h"
#include "schemas/events_gen.h"

#define HF_NOTICE_MAIL_MAX 16384
#define HF_NOTICE_TOPIC    33 /* 32 characters of base64url, and a NUL */

/* Borrows; what does not apply is empty. */
struct hf_notice_facts {
    enum hf_event_notification_attempted_kind kind;
    struct hf_str region;
    struct hf_str principal;
    struct hf_str contact;
    struct hf_str tenant;
    struct hf_str approval;
    struct hf_str subject;
    struct hf_str tool;
    struct hf_str risk;
    struct hf_str summary;
    struct hf_str link;
    struct hf_str code;
    struct hf_str ack; /* of hub/notice_ack.h */
    bool asked;        /* of a probe: its person waits for it */
    uint64_t waiting;
    int64_t expires_us;
};

/* JSON for the page's service worker: v, kind, title, body, and what of the facts applies. */
void hf_notice_push_text(const struct hf_notice_facts *facts, struct hf_buf *buf);

struct hf_notice_mail {
    struct hf_str from;
    struct hf_str to;
    int64_t now_us;
};

/* RFC 5322 with lines of CRLF, text in quoted-printable. Its Message-ID is made of the facts, so
 * that whoever gets it twice sees that it is the same. */
void hf_notice_mail_text(const struct hf_notice_facts *facts, const struct hf_notice_mail *mail,
                         struct hf_buf *buf);

/* Names the message to the push service, which replaces one that it still has by the next. */
void hf_notice_topic(const struct hf_notice_facts *facts, char out[HF_NOTICE_TOPIC]);

#endif
