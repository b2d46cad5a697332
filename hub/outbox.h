/* hub/outbox.h: what people have to be told, whom it has reached, and what is to be tried next.
 *
 * A fold of the region's log: requests for approval that wait, contacts, attempts to reach them.
 * Built anew it is the same, so that nothing that was sent is sent again. Only leases, probes and
 * what is not tried yet are not in the log: who takes a message holds it until the attempt is in
 * the log, or for a while.
 * What there is to say, and to whom:
 *   approval   a request waits: those who may answer, by the ladder of commands/notice.h
 *   verify     a contact was added: its code, to itself
 *   probe      a device was idle for a day, or its person asks for a test
 *   lost       a contact was dropped: the other contacts of the person
 * Tenants take turns, and of one tenant only so many requests begin to be told a minute: a flood of
 * one is its own. Threads: the loop's. Order: init, fold the log, start; stop before fini.
 */
#ifndef HF_HUB_OUTBOX_H
#define HF_HUB_OUTBOX_H

#include "base/loop.h"
#include "commands/approval.h"
#include "commands/notice.h"
#include "hub/contacts.h"

#define HF_OUTBOX_TENANT_MINUTE 30 /* requests of one tenant that begin to be told in a minute */
#define HF_OUTBOX_PEOPLE_MAX    16 /* that one request is told to, at most */

enum hf_outbox_kind {
    HF_OUTBOX_APPROVAL,
    HF_OUTBOX_VERIFY,
    HF_OUTBOX_PROBE,
    HF_OUTBOX_LOST,
};

struct hf_outbox_tenant;

/* Something that somebody has to be told. */
struct hf_outbox_matter {
    enum hf_outbox_kind kind;
    struct hf_outbox_tenant *tenant;           /* whose turn it takes */
    char principal[HF_PRINCIPAL_NAME_MAX + 1]; /* whose contact it is about; empty: an approval */
    char name[HF_CONTACT_NAME_MAX + 1];        /* of the contact, or of the approval */
    int64_t since_us;
    int64_t expires_us;
    bool begun; /* somebody is told, or will be */
    bool asked; /* of a probe: a person waits for it */
    struct hf_notice_pause pause;
    int64_t plan_us; /* of an approval: whom to tell is not looked at before; 0: at the next look */
    /* private */
    struct hf_queue sends;
    struct hf_queue order;
    struct hf_map_node by_key;
    struct hf_timer timer;
    struct hf_outbox *outbox;
};

/* One of its messages, to one contact. */
struct hf_outbox_send {
    struct hf_notice life;
    struct hf_outbox_matter *matter;
    struct hf_hub_contact *contact;
    unsigned acks;   /* what its device said of it: bits by HF_EVENT_NOTIFICATION_SHOWN_WHAT_* */
    unsigned acking; /* the same, on its way to the log (hub/notice_ack.h) */
    /* private */
    struct hf_queue of_matter;
    struct hf_queue of_contact;
    struct hf_queue ready;
};

struct hf_outbox_conf {
    struct hf_loop *loop;
    const struct hf_hub_principals *principals;
    /* Who asked for what an approval lets happen, as far as it can be read; out is NUL-terminated,
     * and empty when it is not known. NULL: nobody is known. It is wiped after use. */
    void (*requester)(void *arg, struct hf_str tenant, struct hf_str approval,
                      char out[HF_APPROVAL_TEXT_MAX + 1]);
    /* There is something to take. May be NULL; must not call back. */
    void (*ready)(void *arg);
    void *arg;
};

#define HF_OUTBOX_CHANNELS HF_EVENT_NOTIFICATION_ATTEMPTED_CHANNEL_COUNT
#define HF_OUTBOX_OUTCOMES HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_COUNT

struct hf_outbox {
    struct hf_hub_contacts contacts;
    /* read-only: attempts since the start, by channel and outcome of the event */
    uint64_t attempts[HF_OUTBOX_CHANNELS][HF_OUTBOX_OUTCOMES];
    /* private */
    struct hf_outbox_conf conf;
    bool running;
    struct hf_map by_key;
    struct hf_map by_tenant;
    struct hf_queue approvals; /* matters */
    struct hf_queue others;
    struct hf_queue tenants;
    struct hf_queue turns; /* tenants with something to take */
    struct hf_timer sweep; /* for idle devices */
};

/* HF_ENOMEM. */
enum hf_rc hf_outbox_init(struct hf_outbox *outbox, const struct hf_outbox_conf *conf);
/* Also for one whose init failed, or of zeroes. */
void hf_outbox_fini(struct hf_outbox *outbox);
/* Takes an entry of the region's log; others than its own are let go. HF_ENOMEM, HF_ECORRUPT. */
enum hf_rc hf_outbox_fold(struct hf_outbox *outbox, const struct hf_envelope *envelope,
                          struct hf_err *err);
/* The log is folded: from now on time counts. */
void hf_outbox_start(struct hf_outbox *outbox);
void hf_outbox_stop(struct hf_outbox *outbox);

/* The next message, leased; NULL: there is none just now. Borrowed until the next fold. */
struct hf_outbox_send *hf_outbox_take(struct hf_outbox *outbox);
/* Whoever took messages is gone: those that are leased are due again. */
void hf_outbox_release(struct hf_outbox *outbox);
/* Has it any to take? */
bool hf_outbox_has(const struct hf_outbox *outbox);

/* The message that an attempt is of; NULL: it is not to be told any more. */
struct hf_outbox_send *hf_outbox_find(const struct hf_outbox *outbox,
                                      const struct hf_event_notification_attempted *event);
/* The contact's owner wants to see whether it works: a probe, at once. HF_ENOMEM. */
enum hf_rc hf_outbox_test(struct hf_outbox *outbox, struct hf_hub_contact *contact,
                          struct hf_err *err);
/* When its owner asked for a test that is still on its way; 0: there is none. */
int64_t hf_outbox_testing_us(const struct hf_outbox *outbox, const struct hf_hub_contact *contact);
/* Which approval, or which contact, a message is about: fills in the event's members. */
void hf_outbox_name(const struct hf_outbox_send *send,
                    struct hf_event_notification_attempted *io_event);

#endif
