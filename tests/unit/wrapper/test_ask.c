/* tests/unit/wrapper/test_ask.c: a person sees the parameters, or that there are more. */
#include <stdio.h>

#include "base/file.h"
#include "tests/harness/test.h"
#include "wrapper/ask.h"
#include "wrapper/wrapper.h"

static struct hf_wrapper wrapper; /* too big for the stack */

/* The event of a call with these parameters; what it borrows is the ask's. */
static void ask_for(const char *params, struct hf_ask *ask,
                    struct hf_event_approval_requested *event)
{
    char path[HF_PATH_MAX];
    const struct hf_plugin_call call = {.tool = HF_STR("exec"), .params = hf_str_c(params)};
    HF_ASSERT(hf_path_join(hf_test_dir(), "key", path, sizeof path) == HF_OK);
    HF_ASSERT(hf_redact_open(hf_env_os(), path, &wrapper.redact, NULL) == HF_OK);
    HF_ASSERT(hf_ask_make(&wrapper, &call, ask) == HF_OK);
    hf_ask_fill(ask, event);
    hf_redact_close(&wrapper.redact);
}

HF_TEST(shown)
{
    struct hf_ask ask;
    struct hf_event_approval_requested event;
    ask_for("{\"command\": \"ls /\", \"\": 1, \"list\": [1, 2]}", &ask, &event);
    HF_CHECK(hf_str_eq(event.summary, HF_STR("exec: ls /")));
    HF_CHECK_U64(event.arguments_count, 3);
    HF_CHECK(hf_str_eq(event.arguments[0].name, HF_STR("command")));
    HF_CHECK(hf_str_eq(event.arguments[0].value, HF_STR("ls /")));
    HF_CHECK(hf_str_eq(event.arguments[1].name, HF_STR("\"\"")));
    HF_CHECK(hf_str_eq(event.arguments[2].value, HF_STR("[1,2]")));
    hf_ask_free(&ask);
}

/* As many as fit are all there; of more the last place says how many are missing. */
HF_TEST(more_than_fit)
{
    for (unsigned count = HF_ASK_ARGUMENTS_MAX; count <= HF_ASK_ARGUMENTS_MAX + 4; count += 4) {
        struct hf_ask ask;
        struct hf_event_approval_requested event;
        struct hf_buf text = hf_buf_init(4096);
        for (unsigned i = 0; i < count; i++) {
            hf_buf_printf(&text, "%s\"p%02u\": %u", i == 0 ? "{" : ",", i, i);
        }
        hf_buf_put(&text, "}", 2); /* with its end */
        ask_for((const char *)text.ptr, &ask, &event);
        HF_CHECK_U64(event.arguments_count, HF_ASK_ARGUMENTS_MAX);
        struct hf_str name = event.arguments[HF_ASK_ARGUMENTS_MAX - 1].name;
        struct hf_str value = event.arguments[HF_ASK_ARGUMENTS_MAX - 1].value;
        bool all = count == HF_ASK_ARGUMENTS_MAX;
        HF_CHECK(hf_str_eq(name, all ? HF_STR("p15") : HF_STR("...")));
        HF_CHECK(hf_str_eq(value,
                           all ? HF_STR("15") : HF_STR("5 more parameters, which are not shown")));
        hf_ask_free(&ask);
        hf_buf_free(&text);
    }
}

HF_TEST_MAIN(HF_TEST_CASE(shown), HF_TEST_CASE(more_than_fit))
