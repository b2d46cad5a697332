/* hub/notes.h: events that the Hub writes down by the way: who was refused what, alarms, who used
 * it. Nobody waits for them; when the log cannot take one, the log line stays.
 *
 * Bounded: of one principal's refusals at most 60 are written in a minute, the next one that is
 * says how many were not; of alarms, one of a kind an hour for a tenant; strangers are only
 * counted, in a window of a minute; a principal's use once a day.
 */
#ifndef HF_HUB_NOTES_H
#define HF_HUB_NOTES_H

#include "hub/append.h"

/* Appends in the Hub's own name; copies what the event points to, except its blob, which it must
 * not have. Log line "note.lost" when it could not. */
void hf_hub_note(struct hf_hub *hub, const struct hf_hub_event *event);

struct hf_hub_refusal {
    struct hf_hub_principal *principal;
    struct hf_str method;
    struct hf_str target; /* the path; cut when it is long */
    struct hf_str tenant; /* empty: none */
    int status;
    const char *problem;
    const char *detail;
};

void hf_hub_note_refusal(struct hf_hub *hub, const struct hf_hub_refusal *refusal);

/* The principal used the Hub now, from there. */
void hf_hub_note_use(struct hf_hub *hub, struct hf_hub_principal *principal,
                     const struct hf_peer *peer);

enum hf_hub_alarm_kind {
    HF_HUB_ALARM_CLONE,
    HF_HUB_ALARM_TOKEN_REUSED,
    HF_HUB_ALARM_BANNED_KEY,
};

struct hf_hub_alarm {
    enum hf_hub_alarm_kind kind;
    const struct hf_public_key *agent_key; /* NULL: not shown */
    uint64_t counter;                      /* of a clone */
    uint64_t known;
    struct hf_str address;
};

void hf_hub_note_alarm(struct hf_hub *hub, struct hf_hub_tenant *tenant,
                       const struct hf_hub_alarm *alarm);

/* Writes the window of refusals to strangers when there were any, and begins the next. */
void hf_hub_note_strangers(struct hf_hub *hub);

/* Writes the window of the API, also when nobody called: that there was a Hub is what it says. */
void hf_hub_note_api(struct hf_hub *hub);

#endif
