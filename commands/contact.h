/* commands/contact.h: how a principal is reached: one device or mailbox, on the write side.
 *
 * Where it is and its keys stand in the log sealed under a key of the region: the address of a push
 * subscription lets who knows it send, and a mailbox's is personal. A contact begins unverified;
 * what is sent to it carries a code, and who reads that confirms. A mailbox gets nothing else
 * before. The state is a fold of the stream contact/PRINCIPAL and of the attempts to reach it.
 * Pure: the time is an argument.
 */
#ifndef HF_COMMANDS_CONTACT_H
#define HF_COMMANDS_CONTACT_H

#include "commands/principal.h"
#include "schemas/events_gen.h"

#define HF_CONTACT_STREAM       "contact/"
#define HF_CONTACT_NAME_MAX     48
#define HF_CONTACTS_MAX         8 /* of a principal */
#define HF_CONTACT_SEALED_MAX   1200
#define HF_CONTACT_HINT_MAX     300
#define HF_CONTACT_ENDPOINT_MAX 1024
#define HF_CONTACT_CODE_SIZE    9                          /* 8 hexadecimal digits and a NUL */
#define HF_CONTACT_VERIFY_US    (INT64_C(3600) * 1000000)  /* how long a code is taken */
#define HF_CONTACT_PROBE_US     (INT64_C(86400) * 1000000) /* an idle device is tried so often */
#define HF_CONTACT_FAILING_US   (3 * INT64_C(86400) * 1000000)

enum hf_contact_channel {
    HF_CONTACT_PUSH,
    HF_CONTACT_MAIL,
};

struct hf_contact {
    char name[HF_CONTACT_NAME_MAX + 1]; /* empty: there is none */
    enum hf_contact_channel channel;
    bool verified;
    uint8_t sealed[HF_CONTACT_SEALED_MAX];
    unsigned sealed_len;
    struct hf_hash fingerprint;
    char hint[HF_CONTACT_HINT_MAX + 1];
    int64_t added_us;
    int64_t tried_us;         /* the last attempt; 0: none yet */
    int64_t reached_us;       /* the last that was accepted; 0: none yet */
    int64_t failing_since_us; /* 0: the last attempt was accepted, or there was none */
    int64_t shown_us;         /* when the device itself said last that it had shown one; 0: never */
};

/* Takes contact.added (into one of zeroes), contact.verified, notification.attempted or
 * notification.shown of it.
 * HF_ECORRUPT. */
enum hf_rc hf_contact_fold(struct hf_contact *contact, const struct hf_envelope *envelope,
                           struct hf_err *err);

/* May messages other than its code be sent there? */
bool hf_contact_is_usable(const struct hf_contact *contact);
/* Has it to go: the service does not know it any more, or it fails since three days? *ret_reason
 * when it has. */
bool hf_contact_is_lost(const struct hf_contact *contact,
                        enum hf_event_notification_attempted_outcome outcome, int64_t now_us,
                        enum hf_event_contact_removed_reason *ret_reason);

/* A keyed hash of where it is. */
void hf_contact_fingerprint(const struct hf_secret *key, enum hf_contact_channel channel,
                            struct hf_str where, struct hf_hash *ret_fingerprint);
/* The code that is sent to it: of whom, of which name, and of where it is. */
void hf_contact_code(const struct hf_secret *key, struct hf_str principal,
                     const struct hf_contact *contact, char out[HF_CONTACT_CODE_SIZE]);

/* Deciders. HF_EEXIST: the name is taken, or it is known under another one. HF_EINVAL: there are
 * too many, or the principal is gone. */
enum hf_rc hf_contact_may_add(const struct hf_contact *const *known, unsigned count,
                              const struct hf_contact *wish, struct hf_err *err);
/* HF_EEXIST: it is verified. HF_ECONFLICT: too late. HF_EINVAL: another code. */
enum hf_rc hf_contact_may_verify(const struct hf_contact *contact, const char *code,
                                 struct hf_str given, int64_t now_us, struct hf_err *err);

const char *hf_contact_channel_name(enum hf_contact_channel channel);

#endif
