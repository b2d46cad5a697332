/* hub/notice_in.h: a message as the Hub gives it to who brings it, read out of its JSON. Pure.
 */
#ifndef HF_HUB_NOTICE_IN_H
#define HF_HUB_NOTICE_IN_H

#include "base/json_in.h"
#include "hub/notice_text.h"

/* What an attempt is told apart by. */
struct hf_notice_id {
    enum hf_event_notification_attempted_kind kind;
    char principal[49];
    char contact[49];
    char tenant[49];
    char approval[49];
    char subject[49];
};

/* False: it makes no sense. */
bool hf_notice_id_read(const struct hf_json *notice, struct hf_notice_id *ret);
bool hf_notice_id_eq(const struct hf_notice_id *a, const struct hf_notice_id *b);
/* What there is to say; borrows from both. */
void hf_notice_facts_read(const struct hf_json *notice, const struct hf_notice_id *id,
                          struct hf_notice_facts *ret);

#endif
