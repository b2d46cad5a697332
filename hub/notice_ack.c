/* hub/notice_ack.c: makes the tokens of messages, and believes who has them. */
#include "hub/notice_ack.h"

#include <stdio.h>

#include "base/base64.h"
#include "hub/approval_answer.h"
#include "hub/notes.h"

#define NAMES_MAX 512

void hf_notice_ack_token(const struct hf_secret *key,
                         const struct hf_event_notification_attempted *about, int64_t expires_us,
                         char out[HF_NOTICE_ACK_TEXT])
{
    char names[NAMES_MAX];
    struct hf_hash hash;
    struct hf_str none = {"", 0};
    struct hf_str tenant = about->has_tenant ? about->tenant : none;
    struct hf_str approval = about->has_approval ? about->approval : none;
    struct hf_str subject = about->has_subject ? about->subject : none;
    int len = snprintf(names, sizeof names, "%d/%.*s/%.*s/%.*s/%.*s/%.*s/%lld", (int)about->kind,
                       HF_STR_ARG(about->principal), HF_STR_ARG(about->contact), HF_STR_ARG(tenant),
                       HF_STR_ARG(approval), HF_STR_ARG(subject), (long long)expires_us);
    HF_ASSERT(len > 0 && (size_t)len < sizeof names);
    hf_hmac_sha256(key, HF_BYTES("holdfast/notice-ack/v1\n"),
                   (struct hf_bytes){(const uint8_t *)names, (size_t)len}, &hash);
    hf_base64url_encode(hf_bytes_of(hash.b, 24), out);
    hf_wipe(&hash, sizeof hash);
}

static void note_shown(struct hf_hub *hub, const struct hf_notice_ack *ack)
{
    uint8_t bytes[512];
    char stream[sizeof "notification/" + HF_PRINCIPAL_NAME_MAX];
    const struct hf_event_notification_attempted *a = &ack->about;
    const struct hf_event_notification_shown event = {
        .principal = a->principal,
        .contact = a->contact,
        .kind = (enum hf_event_notification_shown_kind)a->kind,
        .has_tenant = a->has_tenant,
        .tenant = a->tenant,
        .has_approval = a->has_approval,
        .approval = a->approval,
        .has_subject = a->has_subject,
        .subject = a->subject,
        .what = ack->what};
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    hf_event_notification_shown_encode(&event, &w);
    (void)snprintf(stream, sizeof stream, "notification/%.*s", HF_STR_ARG(a->principal));
    const struct hf_hub_event note = {.type = HF_EVENT_NOTIFICATION_SHOWN_NAME,
                                      .schema_version = HF_EVENT_NOTIFICATION_SHOWN_VERSION,
                                      .stream = hf_str_c(stream),
                                      .payload = hf_writer_done(&w)};
    hf_hub_note(hub, &note);
}

static void note_verified(struct hf_hub *hub, const struct hf_hub_contact *contact)
{
    uint8_t bytes[256];
    char stream[sizeof HF_CONTACT_STREAM + HF_PRINCIPAL_NAME_MAX];
    char code[HF_CONTACT_CODE_SIZE];
    const char *principal = contact->person->principal->name;
    const struct hf_event_contact_verified event = {.principal = hf_str_c(principal),
                                                    .contact = hf_str_c(contact->life.name)};
    hf_contact_code(&hub->contact_box.key, event.principal, &contact->life, code);
    enum hf_rc rc = hf_contact_may_verify(&contact->life, code, hf_str_c(code),
                                          hf_env_wall_us(hf_loop_env(hub->loop)), /* err= */ NULL);
    hf_wipe(code, sizeof code);
    if (rc != HF_OK) {
        return;
    }
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    hf_event_contact_verified_encode(&event, &w);
    (void)snprintf(stream, sizeof stream, HF_CONTACT_STREAM "%s", principal);
    const struct hf_hub_event note = {.type = HF_EVENT_CONTACT_VERIFIED_NAME,
                                      .schema_version = HF_EVENT_CONTACT_VERIFIED_VERSION,
                                      .stream = hf_str_c(stream),
                                      .payload = hf_writer_done(&w)};
    hf_hub_note(hub, &note);
}

static void note_seen(struct hf_hub *hub, const struct hf_notice_ack *ack)
{
    struct hf_hub_approval *approval =
        hf_hub_approval_find(&hub->approvals, ack->about.tenant, ack->about.approval);
    const struct hf_hub_principal *by =
        hf_hub_principal_find(&hub->principals, ack->about.principal);
    if (approval != NULL && by != NULL &&
        hf_principal_reaches(&by->life, hf_str_c(approval->life.tenant))) {
        hf_approval_see(hub, approval, &by->life, HF_EVENT_APPROVAL_SEEN_HOW_LINK);
    }
}

enum hf_rc hf_notice_ack_take(struct hf_hub *hub, const struct hf_notice_ack *ack,
                              struct hf_err *err)
{
    char token[HF_NOTICE_ACK_TEXT];
    hf_notice_ack_token(&hub->contact_box.key, &ack->about, ack->expires_us, token);
    bool ours = hf_equal_secret(hf_str_bytes(hf_str_c(token)), hf_str_bytes(ack->token));
    hf_wipe(token, sizeof token);
    if (!ours || ack->expires_us <= hf_env_wall_us(hf_loop_env(hub->loop))) {
        return hf_err_set(err, HF_EPERM, "this is the token of no message that can still be shown");
    }
    const struct hf_hub_contact *contact = hf_hub_contact_of(
        hf_hub_person_find(&hub->outbox.contacts, ack->about.principal), ack->about.contact);
    struct hf_outbox_send *send = hf_outbox_find(&hub->outbox, &ack->about);
    unsigned bit = 1u << ack->what;
    if (contact == NULL || send == NULL || ((send->acks | send->acking) & bit) != 0) {
        return HF_OK; /* it is answered meanwhile, or was said before */
    }
    send->acking |= bit;
    note_shown(hub, ack);
    if (ack->about.kind == HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_VERIFY) {
        note_verified(hub, contact);
    } else if (ack->about.kind == HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_APPROVAL &&
               ack->what == HF_EVENT_NOTIFICATION_SHOWN_WHAT_OPENED) {
        note_seen(hub, ack);
    }
    return HF_OK;
}
