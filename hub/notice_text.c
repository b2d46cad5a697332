/* hub/notice_text.c: the words of messages to people. */
#include "hub/notice_text.h"

#include <stdio.h>

#include "base/base64.h"
#include "base/json_out.h"
#include "base/parse.h"

#define BODY_MAX   4096
#define QUOTED_MAX 75 /* of quoted-printable, without its "=" */

/* What a tenant wrote, on one line. */
static void put_line(struct hf_buf *buf, struct hf_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        hf_buf_put(buf, (unsigned char)c < 0x20 || c == 0x7F ? " " : &c, 1);
    }
}

/* Times are for people: to the second. */
static void put_time(struct hf_buf *buf, int64_t us)
{
    char text[HF_TIME_TEXT];
    hf_format_time_us(us, text);
    hf_buf_printf(buf, "%.10s %.8s UTC", text, text + 11);
}

static void put_title(struct hf_buf *buf, const struct hf_notice_facts *f)
{
    switch (f->kind) {
    case HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_APPROVAL:
        hf_buf_printf(buf, "%.*s wants to run %.*s", HF_STR_ARG(f->tenant), HF_STR_ARG(f->tool));
        break;
    case HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_VERIFY:
        hf_buf_printf(buf, "Confirm this contact for Holdfast in %.*s", HF_STR_ARG(f->region));
        break;
    case HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_PROBE:
        hf_buf_str(buf, HF_STR("Holdfast can reach this device"));
        break;
    case HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_LOST:
        hf_buf_printf(buf, "Holdfast cannot reach your contact %.*s", HF_STR_ARG(f->subject));
        break;
    case HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_COUNT: break;
    }
}

static void put_approval(struct hf_buf *buf, const struct hf_notice_facts *f)
{
    hf_buf_printf(buf, "The agent of %.*s asks (risk: %.*s):\r\n\r\n    ", HF_STR_ARG(f->tenant),
                  HF_STR_ARG(f->risk));
    put_line(buf, f->summary.len > 0 ? f->summary : f->tool);
    hf_buf_printf(buf, "\r\n\r\nTool: %.*s\r\nRequest: %.*s\r\nCounts as denied from: ",
                  HF_STR_ARG(f->tool), HF_STR_ARG(f->approval));
    put_time(buf, f->expires_us);
    hf_buf_printf(buf, "\r\n\r\nLook at it, then approve or deny:\r\n%.*s\r\n",
                  HF_STR_ARG(f->link));
    if (f->waiting > 1) {
        hf_buf_printf(buf, "\r\n%llu requests of this tenant wait.\r\n",
                      (unsigned long long)f->waiting);
    }
}

static void put_body(struct hf_buf *buf, const struct hf_notice_facts *f)
{
    switch (f->kind) {
    case HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_APPROVAL: put_approval(buf, f); break;
    case HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_VERIFY:
        hf_buf_printf(buf,
                      "This was added as the contact %.*s of %.*s.\r\n\r\n"
                      "Code: %.*s\r\n\r\n"
                      "Confirm it within an hour:\r\n"
                      "holdfast principal contact verify %.*s %.*s --code %.*s\r\n\r\n"
                      "If you do not expect this, do nothing.\r\n",
                      HF_STR_ARG(f->contact), HF_STR_ARG(f->principal), HF_STR_ARG(f->code),
                      HF_STR_ARG(f->principal), HF_STR_ARG(f->contact), HF_STR_ARG(f->code));
        break;
    case HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_PROBE:
        hf_buf_str(buf, HF_STR("This is a test of the way. Nothing is to be done.\r\n"));
        break;
    case HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_LOST:
        hf_buf_printf(buf,
                      "Messages to the contact %.*s of %.*s do not arrive any more, and it was "
                      "removed.\r\nAdd it again if it should be told of requests for approval.\r\n",
                      HF_STR_ARG(f->subject), HF_STR_ARG(f->principal));
        break;
    case HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_COUNT: break;
    }
}

/* push */

static void put_member(struct hf_json_out *json, const char *key, struct hf_str value)
{
    if (value.len > 0) {
        hf_json_key_str(json, key, value);
    }
}

void hf_notice_push_text(const struct hf_notice_facts *facts, struct hf_buf *buf)
{
    struct hf_json_out json;
    struct hf_buf title = hf_buf_init(BODY_MAX);
    struct hf_buf line = hf_buf_init(BODY_MAX);
    put_title(&title, facts);
    put_line(&line, facts->summary);
    hf_json_init(&json, buf);
    hf_json_object_begin(&json);
    hf_json_key_u64(&json, "v", 1);
    hf_json_key_str(&json, "kind", hf_event_notification_attempted_kind_name(facts->kind));
    hf_json_key_str(&json, "title", hf_bytes_str(hf_buf_bytes(&title)));
    put_member(&json, "body", hf_bytes_str(hf_buf_bytes(&line)));
    put_member(&json, "region", facts->region);
    put_member(&json, "principal", facts->principal);
    put_member(&json, "contact", facts->contact);
    put_member(&json, "tenant", facts->tenant);
    put_member(&json, "approval", facts->approval);
    put_member(&json, "subject", facts->subject);
    put_member(&json, "tool", facts->tool);
    put_member(&json, "risk", facts->risk);
    put_member(&json, "link", facts->link);
    if (facts->waiting > 1) {
        hf_json_key_u64(&json, "waiting", facts->waiting);
    }
    put_member(&json, "code", facts->code);
    put_member(&json, "ack", facts->ack);
    if (facts->asked) {
        hf_json_key(&json, HF_STR("asked"));
        hf_json_bool(&json, true);
    }
    hf_json_key(&json, HF_STR("expires"));
    hf_json_time_us(&json, facts->expires_us);
    hf_json_object_end(&json);
    hf_buf_free(&title);
    hf_buf_free(&line);
}

static void put_name(struct hf_writer *w, const struct hf_notice_facts *f)
{
    struct hf_str kind = hf_event_notification_attempted_kind_name(f->kind);
    hf_writer_str(w, kind);
    if (f->kind == HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_APPROVAL) {
        hf_writer_printf(w, ".%.*s.%.*s", HF_STR_ARG(f->tenant), HF_STR_ARG(f->approval));
    } else {
        hf_writer_printf(w, "%s%.*s.%lld", f->subject.len > 0 ? "." : "", HF_STR_ARG(f->subject),
                         (long long)f->expires_us);
    }
}

void hf_notice_topic(const struct hf_notice_facts *facts, char out[HF_NOTICE_TOPIC])
{
    char name[256];
    char text[HF_BASE64_LEN(24) + 1];
    struct hf_hash hash;
    struct hf_writer w = hf_writer_init(name, sizeof name);
    put_name(&w, facts);
    hf_sha256(hf_writer_done(&w), &hash);
    hf_base64url_encode(hf_bytes_of(hash.b, 24), text);
    memcpy(out, text, HF_NOTICE_TOPIC);
}

/* mail */

/* Quoted-printable of RFC 2045: lines end as they do, longer ones are cut softly. */
static void put_quoted(struct hf_buf *buf, struct hf_bytes text)
{
    size_t column = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        bool ends = i + 1 < text.len && text.ptr[i + 1] == '\r';
        bool plain = c >= 0x20 && c < 0x7F && c != '=' && !(c == ' ' && ends);
        if (c == '\r' && i + 1 < text.len && text.ptr[i + 1] == '\n') {
            hf_buf_str(buf, HF_STR("\r\n"));
            column = 0;
            i++;
            continue;
        }
        if (column + (plain ? 1 : 3) > QUOTED_MAX) {
            hf_buf_str(buf, HF_STR("=\r\n"));
            column = 0;
        }
        if (plain) {
            hf_buf_put(buf, &c, 1);
        } else {
            hf_buf_printf(buf, "=%02X", c);
        }
        column += plain ? 1 : 3;
    }
}

/* "Fri, 02 Jan 2026 03:04:05 +0000" */
static void put_date(struct hf_buf *buf, int64_t us)
{
    static const char days[] = "ThuFriSatSunMonTueWed"; /* 1 January 1970 was a Thursday */
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char text[HF_TIME_TEXT];
    uint64_t month = 1;
    hf_format_time_us(us, text);
    (void)hf_parse_u64((struct hf_str){text + (text[5] == '0' ? 6 : 5), text[5] == '0' ? 1u : 2u},
                       1, 12, &month);
    hf_buf_printf(buf, "Date: %.3s, %.2s %.3s %.4s %.8s +0000\r\n",
                  days + us / INT64_C(86400000000) % 7 * 3, text + 8, months + (month - 1) * 3,
                  text, text + 11);
}

static void put_message_id(struct hf_buf *buf, const struct hf_notice_facts *facts,
                           struct hf_str from)
{
    char name[256];
    struct hf_writer w = hf_writer_init(name, sizeof name);
    const char *at = memchr(from.ptr, '@', from.len);
    size_t skip = at == NULL ? 0 : (size_t)(at - from.ptr) + 1;
    put_name(&w, facts);
    hf_buf_printf(buf, "Message-ID: <%.*s.%.*s.%.*s@%.*s>\r\n", (int)w.len, name,
                  HF_STR_ARG(facts->principal), HF_STR_ARG(facts->contact), (int)(from.len - skip),
                  from.ptr + skip);
}

void hf_notice_mail_text(const struct hf_notice_facts *facts, const struct hf_notice_mail *mail,
                         struct hf_buf *buf)
{
    struct hf_buf body = hf_buf_init(BODY_MAX);
    put_body(&body, facts);
    hf_buf_printf(buf, "From: Holdfast <%.*s>\r\nTo: <%.*s>\r\nSubject: ", HF_STR_ARG(mail->from),
                  HF_STR_ARG(mail->to));
    put_title(buf, facts);
    hf_buf_str(buf, HF_STR("\r\n"));
    put_date(buf, mail->now_us);
    put_message_id(buf, facts, mail->from);
    hf_buf_str(buf, HF_STR("Auto-Submitted: auto-generated\r\n"
                           "MIME-Version: 1.0\r\n"
                           "Content-Type: text/plain; charset=utf-8\r\n"
                           "Content-Transfer-Encoding: quoted-printable\r\n\r\n"));
    put_quoted(buf, hf_buf_bytes(&body));
    if (body.failed != HF_OK) {
        buf->failed = body.failed;
    }
    hf_buf_free(&body);
}
