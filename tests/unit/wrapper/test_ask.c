/* tests/unit/wrapper/test_ask.c: a person sees all that matters, or nobody is asked. */
#include "wrapper/ask.h"

#include <stdio.h>

#include "base/file.h"
#include "base/hex.h"
#include "tests/harness/test.h"
#include "wrapper/policy/text.h"
#include "wrapper/wrapper.h"

static struct hf_wrapper wrapper; /* too big for the stack */

/* Of the tool write: path matters, content is text. */
static void load_policy(void)
{
    struct hf_buf bundle = hf_buf_init(HF_POLICY_BUNDLE_MAX);
    struct hf_policy_faults faults;
    struct hf_str text = HF_STR("policy p version 1\ntool write\n  classes write\n"
                                "  param path path write\n  param content note more text\n"
                                "rule w\n  permit\n  classes write\n  reason \"r\"\n  asi ASI02\n");
    HF_ASSERT(hf_policy_compile(text, &bundle, &faults, NULL) == HF_OK);
    HF_ASSERT(hf_policy_load(hf_buf_bytes(&bundle), &wrapper.policies.active, NULL) == HF_OK);
    hf_buf_free(&bundle);
}

/* The event of a call with these parameters; what it borrows is the ask's. */
static enum hf_rc ask_for(const char *tool, struct hf_str params, struct hf_ask *ask,
                          struct hf_event_approval_requested *event, struct hf_err *err)
{
    char path[HF_PATH_MAX];
    const struct hf_plugin_call call = {.tool = hf_str_c(tool), .params = params};
    HF_ASSERT(hf_path_join(hf_test_dir(), "key", path, sizeof path) == HF_OK);
    HF_ASSERT(hf_redact_open(hf_env_os(), path, &wrapper.redact, NULL) == HF_OK);
    enum hf_rc rc = hf_ask_make(&wrapper, &call, ask, err);
    if (rc == HF_OK) {
        hf_ask_fill(ask, event);
        event->approval = HF_STR("a");
        event->tenant = HF_STR("t");
        event->tool = call.tool;
        event->facts = hf_bytes_of("12345678901234567890123456789012", HF_HASH_SIZE);
        event->action = event->facts;
        event->policy = HF_STR("p");
        HF_ASSERT(hf_event_approval_requested_check(event, NULL) == HF_OK);
    }
    hf_redact_close(&wrapper.redact);
    return rc;
}

HF_TEST(shown)
{
    struct hf_ask ask;
    struct hf_event_approval_requested event;
    HF_CHECK_RC(ask_for("exec", HF_STR("{\"command\": \"ls /\", \"\": 1, \"list\": [1, 2]}"), &ask,
                        &event, NULL),
                HF_OK);
    HF_CHECK(hf_str_eq(event.summary, HF_STR("exec: ls /")));
    HF_CHECK_U64(event.arguments_count, 3);
    HF_CHECK(hf_str_eq(event.arguments[0].name, HF_STR("command")));
    HF_CHECK(hf_str_eq(event.arguments[0].value, HF_STR("ls /")));
    HF_CHECK(hf_str_eq(event.arguments[1].name, HF_STR("\"\"")));
    HF_CHECK(hf_str_eq(event.arguments[2].value, HF_STR("[1,2]")));
    HF_CHECK(!ask.cut);
    hf_ask_free(&ask);
}

/* Goal: a command of any length is shown whole, or nobody is asked. Method: commands of growing
 * length, of characters of two bytes; the lines put together are the command. */
HF_TEST(whole)
{
    for (size_t len = 10; len < 5000; len += 63) {
        struct hf_ask ask;
        struct hf_event_approval_requested event;
        struct hf_err err = {0};
        struct hf_buf command = hf_buf_init(1 << 16);
        struct hf_buf params = hf_buf_init(1 << 16);
        struct hf_buf seen = hf_buf_init(1 << 16);
        hf_buf_str(&command, HF_STR("x"));
        while (command.len < len) {
            hf_buf_str(&command, HF_STR("\xc3\xa9"));
        }
        hf_buf_printf(&params, "{\"command\": \"%.*s\", \"cwd\": \"/w\"}", (int)command.len,
                      (const char *)command.ptr);
        enum hf_rc rc = ask_for("exec", hf_bytes_str(hf_buf_bytes(&params)), &ask, &event, &err);
        /* The first line ends in the middle of a character. */
        size_t lines = command.len <= 256 ? 1 : 1 + (command.len - 255 + 255) / 256;
        bool fits = lines < HF_ASK_ARGUMENTS_MAX; /* one is for cwd */
        HF_CHECK_RC(rc, fits ? HF_OK : HF_ETOOBIG);
        for (size_t i = 0; rc == HF_OK && i + 1 < event.arguments_count; i++) {
            HF_CHECK(hf_str_starts(event.arguments[i].name, HF_STR("command")));
            hf_buf_str(&seen, event.arguments[i].value);
        }
        if (rc == HF_OK) {
            HF_CHECK(!ask.cut && hf_bytes_eq(hf_buf_bytes(&seen), hf_buf_bytes(&command)));
            HF_CHECK_STR(event.arguments[event.arguments_count - 1].value, HF_STR("/w"));
        } else {
            HF_CHECK(strstr(err.text, lines > HF_ASK_ARGUMENTS_MAX ? "command" : "cwd") != NULL);
        }
        hf_ask_free(&ask);
        hf_buf_free(&command);
        hf_buf_free(&params);
        hf_buf_free(&seen);
    }
}

/* What is hidden of a text is counted and hashed; what matters stands before it, whatever order the
 * parameters come in. */
HF_TEST(texts)
{
    struct hf_ask ask;
    struct hf_event_approval_requested event;
    struct hf_buf params = hf_buf_init(1 << 16);
    struct hf_buf text = hf_buf_init(1 << 16);
    char mark[128];
    char hex[2 * HF_HASH_SIZE + 1];
    struct hf_hash hash;
    load_policy();
    while (text.len < 1000) {
        hf_buf_str(&text, HF_STR("0123456789"));
    }
    hf_buf_printf(&params, "{\"content\": \"%.*s\", \"path\": \"a.txt\", \"note\": \"short\"}",
                  (int)text.len, (const char *)text.ptr);
    HF_CHECK_RC(ask_for("write", hf_bytes_str(hf_buf_bytes(&params)), &ask, &event, NULL), HF_OK);
    HF_CHECK(ask.cut);
    HF_CHECK_U64(event.arguments_count, 3);
    HF_CHECK_STR(event.arguments[0].name, HF_STR("path"));
    HF_CHECK_STR(event.arguments[1].name, HF_STR("content"));
    HF_CHECK_STR(event.arguments[2].value, HF_STR("short"));
    struct hf_str value = event.arguments[1].value;
    const char *dots = memmem(value.ptr, value.len, " ... [", 6);
    HF_CHECK(dots != NULL && value.len <= 256);
    size_t kept = (size_t)(dots - value.ptr);
    hf_sha256(hf_bytes_of(text.ptr + kept, text.len - kept), &hash);
    hf_hex_encode(hf_bytes_of(hash.b, HF_HASH_SIZE), hex);
    (void)snprintf(mark, sizeof mark, " ... [%zu more bytes, SHA-256 %.32s]", text.len - kept, hex);
    HF_CHECK_STR(((struct hf_str){dots, value.len - kept}), hf_str_c(mark));
    hf_ask_free(&ask);
    hf_policies_close(&wrapper.policies);
    hf_buf_free(&params);
    hf_buf_free(&text);
}

/* More parameters than fit: nobody is asked where each of them matters; of texts the last line says
 * how many are missing. */
HF_TEST(more_than_fit)
{
    struct hf_ask ask;
    struct hf_event_approval_requested event;
    for (unsigned count = HF_ASK_ARGUMENTS_MAX; count <= HF_ASK_ARGUMENTS_MAX + 1; count++) {
        struct hf_buf text = hf_buf_init(4096);
        for (unsigned i = 0; i < count; i++) {
            hf_buf_printf(&text, "%s\"p%02u\": %u", i == 0 ? "{" : ",", i, i);
        }
        hf_buf_str(&text, HF_STR("}"));
        HF_CHECK_RC(ask_for("exec", hf_bytes_str(hf_buf_bytes(&text)), &ask, &event, NULL),
                    count == HF_ASK_ARGUMENTS_MAX ? HF_OK : HF_ETOOBIG);
        hf_ask_free(&ask);
        hf_buf_free(&text);
    }
    struct hf_buf text = hf_buf_init(1 << 16);
    load_policy();
    hf_buf_str(&text,
               HF_STR("{\"content\": \"1\", \"note\": \"2\", \"more\": \"3\", \"path\": \""));
    while (text.len < 14 * 256 + 30) { /* 14 lines, and two of the 16 are left */
        hf_buf_str(&text, HF_STR("p"));
    }
    hf_buf_str(&text, HF_STR("\"}"));
    HF_CHECK_RC(ask_for("write", hf_bytes_str(hf_buf_bytes(&text)), &ask, &event, NULL), HF_OK);
    HF_CHECK_U64(event.arguments_count, HF_ASK_ARGUMENTS_MAX);
    HF_CHECK_STR(event.arguments[14].value, HF_STR("1"));
    HF_CHECK_STR(event.arguments[15].value, HF_STR("2 more texts, which are not shown"));
    HF_CHECK(ask.cut);
    hf_ask_free(&ask);
    hf_buf_free(&text);
    hf_policies_close(&wrapper.policies);
}

/* Much of what shows text stops at a NUL: then nobody is asked. */
HF_TEST(nul)
{
    static const char *const params[] = {
        "{\"path\": \"a\\u0000b\", \"content\": \"c\"}",
        "{\"path\": \"a\", \"content\": \"b\\u0000c\"}",
    };

    load_policy();
    for (size_t i = 0; i < HF_LEN(params); i++) {
        struct hf_ask ask;
        struct hf_event_approval_requested event;
        struct hf_err err = {0};
        HF_CHECK_RC(ask_for("write", hf_str_c(params[i]), &ask, &event, &err), HF_EINVAL);
        HF_CHECK(strstr(err.text, "NUL") != NULL);
        hf_ask_free(&ask);
    }
    hf_policies_close(&wrapper.policies);
}

HF_TEST_MAIN(HF_TEST_CASE(shown), HF_TEST_CASE(whole), HF_TEST_CASE(texts),
             HF_TEST_CASE(more_than_fit), HF_TEST_CASE(nul))
