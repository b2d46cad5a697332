/* hub/web_shown.c: what service workers say of the messages that they showed. */
#include "base/parse.h"
#include "hub/notice_ack.h"
#include "hub/web.h"

/* Which message it is about; false: about none. */
static bool read_ack(const struct hf_form *form, struct hf_notice_ack *ret)
{
    struct hf_str kind = hf_form_get(form, "kind");
    struct hf_str what = hf_form_get(form, "what");
    bool opened = hf_str_eq(what, HF_STR("opened"));
    bool known = false;
    *ret = (struct hf_notice_ack){.about = {.principal = hf_form_get(form, "principal"),
                                            .contact = hf_form_get(form, "contact"),
                                            .tenant = hf_form_get(form, "tenant"),
                                            .approval = hf_form_get(form, "approval"),
                                            .subject = hf_form_get(form, "subject")},
                                  .token = hf_form_get(form, "ack"),
                                  .what = opened ? HF_EVENT_NOTIFICATION_SHOWN_WHAT_OPENED
                                                 : HF_EVENT_NOTIFICATION_SHOWN_WHAT_SHOWN};
    struct hf_event_notification_attempted *about = &ret->about;
    for (int k = 0; k < (int)HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_COUNT && !known; k++) {
        about->kind = (enum hf_event_notification_attempted_kind)k;
        known = hf_str_eq(hf_event_notification_attempted_kind_name(about->kind), kind);
    }
    about->has_tenant = about->tenant.len > 0;
    about->has_approval = about->approval.len > 0;
    about->has_subject = about->subject.len > 0;
    return known && about->principal.len <= HF_PRINCIPAL_NAME_MAX &&
           about->contact.len <= HF_CONTACT_NAME_MAX && about->tenant.len <= HF_TENANT_NAME_MAX &&
           about->approval.len <= HF_APPROVAL_NAME_MAX &&
           about->subject.len <= HF_CONTACT_NAME_MAX &&
           (opened || hf_str_eq(what, HF_STR("shown"))) &&
           hf_parse_time_us(hf_form_get(form, "expires"), &ret->expires_us) == HF_OK;
}

/* A service worker has no session; the message's token is all that it needs. */
void hf_web_shown(struct hf_hub_call *call, const struct hf_form *form)
{
    struct hf_notice_ack ack;
    struct hf_err err = {0};
    call->principal = NULL;
    if (!read_ack(form, &ack)) {
        hf_call_problem(call, HF_PROBLEM_INVALID, "This is about no message.");
    } else if (hf_notice_ack_take(call->hub, &ack, &err) != HF_OK) {
        hf_call_refuse(call, &err);
    } else {
        hf_http_answer(call->exchange, 204, "text/plain", HF_BYTES(""));
    }
}
