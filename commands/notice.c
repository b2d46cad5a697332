/* commands/notice.c: when whom is told, and what follows. */
#include "commands/notice.h"

#include "base/assert.h"
#include "commands/approval.h"

#define SECOND_US INT64_C(1000000)

static const struct hf_sm_state states[] = {
    [HF_NOTICE_DUE] = {"due",
                       HF_SM_TO(HF_NOTICE_LEASED) | HF_SM_TO(HF_NOTICE_WAITING) |
                           HF_SM_TO(HF_NOTICE_SENT) | HF_SM_TO(HF_NOTICE_DEAD),
                       HF_SM_INITIAL},
    [HF_NOTICE_LEASED] = {"leased",
                          HF_SM_TO(HF_NOTICE_DUE) | HF_SM_TO(HF_NOTICE_WAITING) |
                              HF_SM_TO(HF_NOTICE_SENT) | HF_SM_TO(HF_NOTICE_DEAD),
                          0},
    [HF_NOTICE_WAITING] = {"waiting",
                           HF_SM_TO(HF_NOTICE_DUE) | HF_SM_TO(HF_NOTICE_WAITING) |
                               HF_SM_TO(HF_NOTICE_SENT) | HF_SM_TO(HF_NOTICE_DEAD),
                           0},
    [HF_NOTICE_SENT] = {"sent", 0, HF_SM_FINAL},
    [HF_NOTICE_DEAD] = {"dead", 0, HF_SM_FINAL},
};

const struct hf_sm_conf hf_notice_machine = {"notice", states, HF_LEN(states)};

const struct hf_notice_rung hf_notice_ladder[HF_NOTICE_RUNGS] = {
    {HF_NOTICE_FIRST_DEVICE, 0},
    {HF_NOTICE_OTHER_DEVICES, 30 * SECOND_US},
    {HF_NOTICE_MAILBOXES, 60 * SECOND_US},
};

/* After the first, second, ... attempt in vain. */
static const int64_t pauses_us[HF_NOTICE_ATTEMPTS_MAX - 1] = {1 * SECOND_US, 5 * SECOND_US,
                                                              15 * SECOND_US, 60 * SECOND_US};

void hf_notice_init(struct hf_notice *notice)
{
    *notice = (struct hf_notice){.attempts = 0};
    hf_sm_init(&notice->sm, &hf_notice_machine, NULL, HF_NOTICE_DUE, 0);
}

void hf_notice_look(struct hf_notice *notice, int64_t now_us)
{
    bool timed = notice->sm.state == HF_NOTICE_LEASED || notice->sm.state == HF_NOTICE_WAITING;
    if (timed && notice->until_us <= now_us) {
        hf_sm_move(&notice->sm, HF_NOTICE_DUE);
    }
}

void hf_notice_lease(struct hf_notice *notice, int64_t now_us)
{
    hf_sm_move(&notice->sm, HF_NOTICE_LEASED);
    notice->until_us = now_us + HF_NOTICE_LEASE_US;
}

void hf_notice_release(struct hf_notice *notice)
{
    if (notice->sm.state == HF_NOTICE_LEASED) {
        hf_sm_move(&notice->sm, HF_NOTICE_DUE);
    }
}

void hf_notice_decide(const struct hf_notice *notice, int64_t now_us, int64_t patience_us,
                      int64_t expires_us, struct hf_event_notification_attempted *io_event)
{
    bool accepted = io_event->outcome == HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_ACCEPTED;
    bool in_vain = io_event->outcome == HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_GONE ||
                   io_event->outcome == HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_REFUSED;
    unsigned attempt = notice->attempts + 1;
    io_event->attempt = attempt;
    io_event->next = 0;
    if (!accepted && !in_vain && attempt < HF_NOTICE_ATTEMPTS_MAX) {
        int64_t pause = pauses_us[attempt - 1];
        int64_t next = now_us + (patience_us > pause ? patience_us : pause);
        io_event->next = next < expires_us ? next : 0;
    }
    io_event->dead = !accepted && io_event->next == 0;
}

void hf_notice_fold(struct hf_notice *notice, const struct hf_event_notification_attempted *event)
{
    if (hf_sm_final(&notice->sm)) {
        return;
    }
    notice->attempts = (unsigned)event->attempt;
    if (event->outcome == HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_ACCEPTED) {
        hf_sm_move(&notice->sm, HF_NOTICE_SENT);
    } else if (event->dead) {
        hf_sm_move(&notice->sm, HF_NOTICE_DEAD);
    } else {
        hf_sm_move(&notice->sm, HF_NOTICE_WAITING);
        notice->next_us = event->next;
        notice->until_us = event->next;
    }
}

void hf_notice_pause_see(struct hf_notice_pause *pause, int64_t seen_us)
{
    int64_t from = pause->until_us > seen_us ? pause->until_us : seen_us;
    int64_t until = seen_us + HF_NOTICE_SEEN_US;
    if (until > from) {
        pause->total_us += until - from;
        pause->until_us = until;
    }
}

enum hf_notice_where hf_notice_where(const struct hf_contact *contact, unsigned pushes)
{
    if (contact->channel == HF_CONTACT_MAIL) {
        return HF_NOTICE_MAILBOXES;
    }
    return pushes == 0 ? HF_NOTICE_FIRST_DEVICE : HF_NOTICE_OTHER_DEVICES;
}

bool hf_notice_is_for(const struct hf_principal *principal, struct hf_str tenant,
                      struct hf_str requester, const struct hf_principal *asker, int64_t now_us)
{
    bool lives = principal->version > 0 && !principal->revoked &&
                 (principal->expires_us == 0 || principal->expires_us > now_us);
    return lives && principal->role >= HF_ROLE_APPROVER &&
           hf_principal_reaches(principal, tenant) &&
           !hf_approval_is_requester(requester, asker, principal);
}
