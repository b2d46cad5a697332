/* commands/notice.h: when which person is told of a request for approval, and what follows from
 * how an attempt went.
 *
 * The ladder: a person's first device at once, the other ones after 30 s, mailboxes after 60 s; the
 * next person after 120 s, and so on. A rung with nothing on it, or where all was in vain, does not
 * hold the next one up. Each message to one contact is a machine of its own:
 *
 *   due ──taken──► leased ──accepted──► sent
 *    ▲ ▲             │  └──in vain for good──► dead
 *    │ └─lease over──┤                          ▲
 *    └──time──── waiting ◄──in vain             │ no attempt is left
 *
 * At least once: a lease that ends without a word makes it due again, and the service that brings
 * it sees the same topic or message id. Once sent is folded it is never taken again.
 * What attempts say is of the log; leases are not. Pure: the time is an argument.
 */
#ifndef HF_COMMANDS_NOTICE_H
#define HF_COMMANDS_NOTICE_H

#include "base/sm.h"
#include "commands/contact.h"

#define HF_NOTICE_ATTEMPTS_MAX 5
#define HF_NOTICE_LEASE_US     (INT64_C(30) * 1000000) /* longer than an attempt may take */
#define HF_NOTICE_PERSON_US    (INT64_C(120) * 1000000)
#define HF_NOTICE_RUNGS        3
#define HF_NOTICE_LATE_US      (INT64_C(30) * 1000000) /* not notified by then: a routing failure */

enum hf_notice_state {
    HF_NOTICE_DUE,
    HF_NOTICE_LEASED,
    HF_NOTICE_WAITING,
    HF_NOTICE_SENT,
    HF_NOTICE_DEAD,
};

extern const struct hf_sm_conf hf_notice_machine;

/* A message to one contact. */
struct hf_notice {
    struct hf_sm sm;
    unsigned attempts;
    int64_t next_us;  /* when the last attempt said that the next one is due; 0: there was none */
    int64_t until_us; /* of a lease, or of waiting */
};

void hf_notice_init(struct hf_notice *notice);
/* Leases and waits that are over make it due. */
void hf_notice_look(struct hf_notice *notice, int64_t now_us);
/* It must be due. */
void hf_notice_lease(struct hf_notice *notice, int64_t now_us);
/* Whoever had it is gone. */
void hf_notice_release(struct hf_notice *notice);

/* Decider: fills attempt, next and dead of the event, whose outcome is there. A service may ask for
 * patience; nothing is tried at or after expires_us. */
void hf_notice_decide(const struct hf_notice *notice, int64_t now_us, int64_t patience_us,
                      int64_t expires_us, struct hf_event_notification_attempted *io_event);
/* Takes the event. What is sent or dead stays so. */
void hf_notice_fold(struct hf_notice *notice, const struct hf_event_notification_attempted *event);

/* The ladder of one person, as a table. */
enum hf_notice_where {
    HF_NOTICE_FIRST_DEVICE,
    HF_NOTICE_OTHER_DEVICES,
    HF_NOTICE_MAILBOXES,
};

struct hf_notice_rung {
    enum hf_notice_where where;
    int64_t after_us; /* since it was this person's turn */
};

extern const struct hf_notice_rung hf_notice_ladder[HF_NOTICE_RUNGS];

/* Somebody who may answer has seen the request: no new rung begins for a minute, in which they may
 * make up their mind, and what is left of the ladder moves by as much. What was begun goes on. Who
 * looks while it stands still makes that last a minute from then on. */
#define HF_NOTICE_SEEN_US (INT64_C(60) * 1000000)

struct hf_notice_pause {
    int64_t until_us; /* 0: nobody has seen it */
    int64_t total_us; /* for which it stands still, all together */
};

void hf_notice_pause_see(struct hf_notice_pause *pause, int64_t seen_us);

/* Which rung a contact stands on: `pushes` is how many usable devices of the person come before. */
enum hf_notice_where hf_notice_where(const struct hf_contact *contact, unsigned pushes);

/* May this principal be told of a request: may they answer it, now, and did they not ask for it?
 * asker: as hf_approval_is_requester has it. */
bool hf_notice_is_for(const struct hf_principal *principal, struct hf_str tenant,
                      struct hf_str requester, const struct hf_principal *asker, int64_t now_us);

#endif
