/* wrapper/ask.c: the parameters of a call in words that a person reads. */
#include "wrapper/ask.h"

#include <stdio.h>

#include "base/json_in.h"
#include "base/json_out.h"
#include "wrapper/wrapper.h"

#define NAME_LEN    64
#define VALUE_LEN   256
#define SUMMARY_LEN 512
#define TEXT_MAX    (64u << 10)
#define RAW_MAX     (4u << 20) /* one value: parameters of 1 MiB, redacted */

/* Shortened between characters, with a mark that something is missing. */
static size_t put_cut(struct hf_buf *out, struct hf_str text, size_t max)
{
    struct hf_str mark = HF_STR("...");
    size_t len = text.len;
    if (len > max) {
        len = max - mark.len;
        while (len > 0 && ((uint8_t)text.ptr[len] & 0xc0u) == 0x80u) {
            len--;
        }
    }
    hf_buf_put(out, text.ptr, len);
    if (len < text.len) {
        hf_buf_str(out, mark);
        len += mark.len;
    }
    return len;
}

/* A string as it is, anything else as JSON; redacted whole and then shortened, so that no secret is
 * cut to something that does not look like one. */
static enum hf_rc redacted(struct hf_wrapper *w, const struct hf_json *value, struct hf_buf *out)
{
    struct hf_buf spelled = hf_buf_init(RAW_MAX);
    struct hf_json_out json;
    bool changed = false;
    struct hf_str text = hf_json_as_str(value);
    if (hf_json_kind(value) != HF_JSON_STR) {
        hf_json_init(&json, &spelled);
        hf_json_copy(&json, value);
        text = hf_bytes_str(hf_buf_bytes(&spelled));
    }
    enum hf_rc rc = spelled.failed;
    rc = rc == HF_OK ? hf_redact_text(&w->redact, text, out, &changed, /* err= */ NULL) : rc;
    hf_buf_free(&spelled);
    return rc == HF_OK ? out->failed : rc;
}

static enum hf_rc add_argument(struct hf_wrapper *w, struct hf_str name,
                               const struct hf_json *value, struct hf_ask *ask)
{
    struct hf_buf clean = hf_buf_init(RAW_MAX);
    struct hf_buf title = hf_buf_init(RAW_MAX);
    bool changed = false;
    enum hf_rc rc = hf_redact_text(&w->redact, name, &title, &changed, /* err= */ NULL);
    rc = rc == HF_OK ? redacted(w, value, &clean) : rc;
    if (rc == HF_OK) {
        size_t i = ask->count++;
        struct hf_str shown = title.len > 0 ? hf_bytes_str(hf_buf_bytes(&title)) : HF_STR("\"\"");
        ask->arguments[i].name_len = put_cut(&ask->text, shown, NAME_LEN);
        ask->arguments[i].value_len =
            put_cut(&ask->text, hf_bytes_str(hf_buf_bytes(&clean)), VALUE_LEN);
    }
    hf_buf_free(&clean);
    hf_buf_free(&title);
    return rc == HF_OK ? ask->text.failed : rc;
}

/* Who answers must know that there is more than they see. */
static enum hf_rc add_omitted(size_t omitted, struct hf_ask *ask)
{
    char words[64];
    int len = snprintf(words, sizeof words, "%zu more parameters, which are not shown", omitted);
    size_t i = ask->count++;
    ask->arguments[i].name_len = put_cut(&ask->text, HF_STR("..."), NAME_LEN);
    ask->arguments[i].value_len =
        put_cut(&ask->text, (struct hf_str){words, (size_t)len}, VALUE_LEN);
    return ask->text.failed;
}

static enum hf_rc add_arguments(struct hf_wrapper *w, const struct hf_json *params,
                                struct hf_ask *ask)
{
    size_t count = hf_json_count(params);
    size_t shown = count > HF_ASK_ARGUMENTS_MAX ? HF_ASK_ARGUMENTS_MAX - 1 : count;
    enum hf_rc rc = HF_OK;
    for (size_t i = 0; i < shown && rc == HF_OK; i++) {
        struct hf_str name;
        const struct hf_json *value = hf_json_member(params, i, &name);
        rc = add_argument(w, name, value, ask);
    }
    return rc == HF_OK && shown < count ? add_omitted(count - shown, ask) : rc;
}

static enum hf_rc add_summary(struct hf_wrapper *w, const struct hf_plugin_call *call,
                              const struct hf_json *params, struct hf_ask *ask)
{
    struct hf_buf words = hf_buf_init(RAW_MAX);
    struct hf_str key;
    enum hf_rc rc = HF_OK;
    hf_buf_printf(&words, "%.*s", HF_STR_ARG(call->tool));
    if (hf_json_count(params) > 0) {
        const struct hf_json *first = hf_json_get(params, "command");
        if (first == NULL) {
            first = hf_json_member(params, 0, &key);
        }
        hf_buf_str(&words, HF_STR(": "));
        rc = redacted(w, first, &words);
    }
    ask->summary_len = put_cut(&ask->text, hf_bytes_str(hf_buf_bytes(&words)), SUMMARY_LEN);
    rc = rc == HF_OK ? words.failed : rc;
    hf_buf_free(&words);
    return rc == HF_OK ? ask->text.failed : rc;
}

enum hf_rc hf_ask_make(struct hf_wrapper *w, const struct hf_plugin_call *call, struct hf_ask *ask)
{
    struct hf_json_doc *doc = NULL;
    *ask = (struct hf_ask){.text = hf_buf_init(TEXT_MAX)};
    enum hf_rc rc = hf_json_parse(hf_str_bytes(call->params), &doc, /* err= */ NULL);
    if (rc == HF_OK && hf_json_kind(hf_json_root(doc)) != HF_JSON_OBJECT) {
        rc = HF_EINVAL;
    }
    if (rc == HF_OK) {
        const struct hf_json *root = hf_json_root(doc);
        rc = add_summary(w, call, root, ask);
        rc = rc == HF_OK ? add_arguments(w, root, ask) : rc;
    }
    hf_json_free(doc);
    return rc;
}

void hf_ask_fill(const struct hf_ask *ask, struct hf_event_approval_requested *event)
{
    const char *at = (const char *)ask->text.ptr;
    *event = (struct hf_event_approval_requested){.has_summary = true,
                                                  .summary = {at, ask->summary_len}};
    at += ask->summary_len;
    event->has_arguments = ask->count > 0;
    event->arguments_count = ask->count;
    for (size_t i = 0; i < ask->count; i++) {
        event->arguments[i].name = (struct hf_str){at, ask->arguments[i].name_len};
        at += ask->arguments[i].name_len;
        event->arguments[i].value = (struct hf_str){at, ask->arguments[i].value_len};
        at += ask->arguments[i].value_len;
    }
}

void hf_ask_free(struct hf_ask *ask)
{
    hf_buf_free(&ask->text);
}
