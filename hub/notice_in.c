/* hub/notice_in.c: reads a message as the Hub gives it out. */
#include "hub/notice_in.h"

#include <stdio.h>

#include "base/parse.h"

static bool take_name(const struct hf_json *notice, const char *key, char out[49])
{
    struct hf_str text = hf_json_get_str(notice, key);
    (void)snprintf(out, 49, "%.*s", HF_STR_ARG(text));
    return text.len < 49;
}

bool hf_notice_id_read(const struct hf_json *notice, struct hf_notice_id *id)
{
    struct hf_str kind = hf_json_get_str(notice, "kind");
    bool known = false;
    for (int k = 0; k < (int)HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_COUNT && !known; k++) {
        id->kind = (enum hf_event_notification_attempted_kind)k;
        known = hf_str_eq(hf_event_notification_attempted_kind_name(id->kind), kind);
    }
    return known && take_name(notice, "principal", id->principal) &&
           take_name(notice, "contact", id->contact) && take_name(notice, "tenant", id->tenant) &&
           take_name(notice, "approval", id->approval) && take_name(notice, "subject", id->subject);
}

void hf_notice_facts_read(const struct hf_json *notice, const struct hf_notice_id *id,
                          struct hf_notice_facts *ret)
{
    const struct hf_json *waiting = hf_json_get(notice, "waiting");
    const struct hf_json *asked = hf_json_get(notice, "asked");
    *ret = (struct hf_notice_facts){.kind = id->kind,
                                    .region = hf_json_get_str(notice, "region"),
                                    .principal = hf_str_c(id->principal),
                                    .contact = hf_str_c(id->contact),
                                    .tenant = hf_str_c(id->tenant),
                                    .approval = hf_str_c(id->approval),
                                    .subject = hf_str_c(id->subject),
                                    .tool = hf_json_get_str(notice, "tool"),
                                    .risk = hf_json_get_str(notice, "risk"),
                                    .summary = hf_json_get_str(notice, "summary"),
                                    .link = hf_json_get_str(notice, "link"),
                                    .code = hf_json_get_str(notice, "code"),
                                    .ack = hf_json_get_str(notice, "ack"),
                                    .asked = asked != NULL && hf_json_kind(asked) == HF_JSON_BOOL &&
                                             hf_json_as_bool(asked)};
    if (waiting != NULL) {
        (void)hf_json_to_u64(waiting, &ret->waiting);
    }
    (void)hf_parse_time_us(hf_json_get_str(notice, "expires"), &ret->expires_us);
}

bool hf_notice_id_eq(const struct hf_notice_id *a, const struct hf_notice_id *b)
{
    return a->kind == b->kind && strcmp(a->principal, b->principal) == 0 &&
           strcmp(a->contact, b->contact) == 0 && strcmp(a->tenant, b->tenant) == 0 &&
           strcmp(a->approval, b->approval) == 0 && strcmp(a->subject, b->subject) == 0;
}
