/* tests/unit/hub/test_notice_text.c: the words of messages; what a tenant wrote cannot get out of
 * its line. */
#include "hub/notice_text.h"

#include "base/json_in.h"
#include "tests/harness/test.h"

#define NOW INT64_C(1767225845000000) /* 2026-01-01T00:04:05Z, a Thursday */

static struct hf_notice_facts facts(void)
{
    return (struct hf_notice_facts){.kind = HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_APPROVAL,
                                    .region = HF_STR("dev"),
                                    .principal = HF_STR("ann"),
                                    .contact = HF_STR("inbox"),
                                    .tenant = HF_STR("acme"),
                                    .approval = HF_STR("a-1"),
                                    .tool = HF_STR("exec"),
                                    .risk = HF_STR("high"),
                                    .summary = HF_STR("Delete it"),
                                    .link = HF_STR("https://hub.example/approvals/acme/a-1"),
                                    .expires_us = NOW + INT64_C(60000000)};
}

static void write_mail(const struct hf_notice_facts *f, struct hf_buf *buf)
{
    const struct hf_notice_mail mail = {
        .from = HF_STR("holdfast@region.example"), .to = HF_STR("ann@example.org"), .now_us = NOW};
    hf_buf_clear(buf);
    hf_notice_mail_text(f, &mail, buf);
}

static bool has(const struct hf_buf *buf, const char *text)
{
    return memmem(buf->ptr, buf->len, text, strlen(text)) != NULL;
}

/* A whole mail, byte by byte. */
HF_TEST(whole)
{
    const struct hf_notice_facts f = facts();
    struct hf_buf buf = hf_buf_init(HF_NOTICE_MAIL_MAX);
    write_mail(&f, &buf);
    HF_CHECK_STR(hf_bytes_str(hf_buf_bytes(&buf)),
                 HF_STR("From: Holdfast <holdfast@region.example>\r\n"
                        "To: <ann@example.org>\r\n"
                        "Subject: acme wants to run exec\r\n"
                        "Date: Thu, 01 Jan 2026 00:04:05 +0000\r\n"
                        "Message-ID: <approval.acme.a-1.ann.inbox@region.example>\r\n"
                        "Auto-Submitted: auto-generated\r\n"
                        "MIME-Version: 1.0\r\n"
                        "Content-Type: text/plain; charset=utf-8\r\n"
                        "Content-Transfer-Encoding: quoted-printable\r\n"
                        "\r\n"
                        "The agent of acme asks (risk: high):\r\n"
                        "\r\n"
                        "    Delete it\r\n"
                        "\r\n"
                        "Tool: exec\r\n"
                        "Request: a-1\r\n"
                        "Counts as denied from: 2026-01-01 00:05:05 UTC\r\n"
                        "\r\n"
                        "Look at it, then approve or deny:\r\n"
                        "https://hub.example/approvals/acme/a-1\r\n"));
    hf_buf_free(&buf);
}

/* Hostile summaries: every line stays below 77 bytes and ends with CRLF, nothing but ASCII is
 * left, and none begins a line of its own. */
HF_TEST(hostile)
{
    static const char *const summaries[] = {
        "x\r\n\r\nApproved by ann. Link: https://evil.example/",
        "x\r\n.\r\nRCPT TO:<y@z>",
        /* NOLINTNEXTLINE(misc-misleading-bidirectional): hostile on purpose */
        "\xc3\xa9\xc3\xa9\xe2\x80\xae \x7f\x01\x1b[31m =3D = ",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };
    struct hf_notice_facts f = facts();
    struct hf_buf buf = hf_buf_init(HF_NOTICE_MAIL_MAX);
    for (size_t i = 0; i < HF_LEN(summaries); i++) {
        f.summary = hf_str_c(summaries[i]);
        write_mail(&f, &buf);
        HF_CHECK(buf.failed == HF_OK);
        struct hf_cursor cursor = hf_cursor_init(hf_buf_bytes(&buf));
        struct hf_str line;
        while (hf_cursor_line(&cursor, &line)) {
            HF_CHECK(line.len > 0 && line.len <= 77 && line.ptr[line.len - 1] == '\r');
            for (size_t k = 0; k + 1 < line.len; k++) {
                HF_CHECK(line.ptr[k] >= 0x20 && line.ptr[k] < 0x7F);
            }
        }
        HF_CHECK_U64(cursor.left, 0);
        HF_CHECK(!has(&buf, "\r\nApproved") && !has(&buf, "\r\nRCPT") && !has(&buf, "\r\n.\r\n"));
    }
    hf_buf_free(&buf);
}

/* Messages of all kinds have their words, their own ids, and parse as JSON; the same facts give
 * the same topic and id, others others. */
HF_TEST(kinds)
{
    char topics[2][HF_NOTICE_TOPIC];
    struct hf_buf mail = hf_buf_init(HF_NOTICE_MAIL_MAX);
    struct hf_buf push = hf_buf_init(4096);
    for (int k = 0; k < (int)HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_COUNT; k++) {
        struct hf_notice_facts f = facts();
        struct hf_json_doc *doc = NULL;
        struct hf_err err = {0};
        f.kind = (enum hf_event_notification_attempted_kind)k;
        f.subject = HF_STR("phone");
        f.code = HF_STR("0011aabb");
        write_mail(&f, &mail);
        hf_buf_clear(&push);
        hf_notice_push_text(&f, &push);
        HF_CHECK_OK(hf_json_parse(hf_buf_bytes(&push), &doc, &err), err);
        HF_CHECK_STR(hf_json_as_str(hf_json_get(hf_json_root(doc), "kind")),
                     hf_event_notification_attempted_kind_name(f.kind));
        HF_CHECK(hf_json_as_str(hf_json_get(hf_json_root(doc), "title")).len > 10);
        hf_json_free(doc);
        hf_notice_topic(&f, topics[k % 2]);
        HF_CHECK_U64(strlen(topics[k % 2]), HF_NOTICE_TOPIC - 1);
        HF_CHECK(k == 0 || strcmp(topics[0], topics[1]) != 0);
    }
    HF_CHECK(has(&mail, "cannot reach your contact phone"));
    hf_buf_free(&mail);
    hf_buf_free(&push);
}

HF_TEST_MAIN(HF_TEST_CASE(whole), HF_TEST_CASE(hostile), HF_TEST_CASE(kinds))
