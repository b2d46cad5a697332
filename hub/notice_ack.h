/* hub/notice_ack.h: a device says that it has shown a message, or that its person opened it.
 *
 * Each push message carries a token, a keyed hash of whom and what the message is for and of when
 * it ends. Whoever has it, and no session, can say those two things of this message, each once,
 * until it ends; they can decide nothing:
 *   shown     notification.shown; of a message with a contact's code also contact.verified, for
 *             the device has read it
 *   opened    notification.shown; of a request that waits also approval.seen
 * Threads: the loop's.
 */
#ifndef HF_HUB_NOTICE_ACK_H
#define HF_HUB_NOTICE_ACK_H

#include "hub/hub.h"

#define HF_NOTICE_ACK_TEXT 33 /* 24 bytes in base64url, and a NUL */

/* The token of a message: of what it is about, and when it ends. */
void hf_notice_ack_token(const struct hf_secret *key,
                         const struct hf_event_notification_attempted *about, int64_t expires_us,
                         char out[HF_NOTICE_ACK_TEXT]);

struct hf_notice_ack {
    struct hf_event_notification_attempted about; /* identity alone */
    int64_t expires_us;
    struct hf_str token;
    enum hf_event_notification_shown_what what;
};

/* Writes down what it says. HF_EPERM: it has no token of ours, or the message is over. */
enum hf_rc hf_notice_ack_take(struct hf_hub *hub, const struct hf_notice_ack *ack,
                              struct hf_err *err);

#endif
