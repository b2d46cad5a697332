/* wrapper/ask.c: the parameters of a call in words that a person reads. */
#include "wrapper/ask.h"

#include <stdio.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "base/json_in.h"
#include "base/json_out.h"
#include "wrapper/wrapper.h"

#define NAME_LEN      64
#define VALUE_LEN     256
#define SUMMARY_LEN   512
#define TEXT_MAX      (64u << 10)
/* " (16 of 16)", and " ... [1234567 more bytes, SHA-256 ...]" with 32 digits. */
#define PART_MARK_LEN 11
#define CUT_MARK_LEN  68
#define RAW_MAX       (4u << 20) /* one value: parameters of 1 MiB, redacted */

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

/* One more line of what is shown. */
static void add_line(struct hf_ask *ask, struct hf_str name, struct hf_str value)
{
    size_t i = ask->count++;
    ask->arguments[i].name_len = put_cut(&ask->text, name, NAME_LEN);
    ask->arguments[i].value_len = value.len;
    hf_buf_str(&ask->text, value);
}

/* The first part of a text, between characters, of at most so many bytes. */
static struct hf_str part_of(struct hf_str text, size_t max)
{
    size_t len = text.len < max ? text.len : max;
    while (len > 0 && len < text.len && ((uint8_t)text.ptr[len] & 0xc0u) == 0x80u) {
        len--;
    }
    return (struct hf_str){text.ptr, len};
}

static size_t part_count(struct hf_str text)
{
    size_t count = 1;
    for (struct hf_str part = part_of(text, VALUE_LEN); part.len < text.len;
         part = part_of(text, VALUE_LEN)) {
        text = (struct hf_str){text.ptr + part.len, text.len - part.len};
        count++;
    }
    return count;
}

/* All of it, in as many lines as it needs. */
static void add_whole(struct hf_ask *ask, struct hf_str name, struct hf_str value, size_t parts)
{
    char title[NAME_LEN + 1];
    for (size_t i = 0; i < parts; i++) {
        struct hf_str part = part_of(value, VALUE_LEN);
        int len = snprintf(title, sizeof title, "%.*s (%zu of %zu)",
                           HF_STR_ARG(part_of(name, NAME_LEN - PART_MARK_LEN)), i + 1, parts);
        add_line(ask, parts == 1 ? name : (struct hf_str){title, (size_t)len}, part);
        value = (struct hf_str){value.ptr + part.len, value.len - part.len};
    }
}

/* Its begin, and how much is hidden: so many bytes with that hash. */
static void add_begin(struct hf_ask *ask, struct hf_str name, struct hf_str value)
{
    char mark[CUT_MARK_LEN + 1];
    char hex[2 * HF_HASH_SIZE + 1];
    char shown[VALUE_LEN + 1];
    struct hf_hash hash;
    struct hf_str begin = part_of(value, VALUE_LEN - CUT_MARK_LEN);
    if (value.len <= VALUE_LEN) {
        add_line(ask, name, value);
        return;
    }
    hf_sha256(hf_bytes_of(value.ptr + begin.len, value.len - begin.len), &hash);
    hf_hex_encode(hf_bytes_of(hash.b, HF_HASH_SIZE), hex);
    (void)snprintf(mark, sizeof mark, " ... [%zu more bytes, SHA-256 %.32s]", value.len - begin.len,
                   hex);
    int len = snprintf(shown, sizeof shown, "%.*s%s", HF_STR_ARG(begin), mark);
    add_line(ask, name, (struct hf_str){shown, (size_t)len});
    ask->cut = true;
}

/* How many lines are free for this one; text that is not looked at needs one in the end. */
static enum hf_rc add_argument(struct hf_wrapper *w, struct hf_str name,
                               const struct hf_json *value, size_t lines, bool is_text,
                               struct hf_ask *ask, struct hf_err *err)
{
    struct hf_buf clean = hf_buf_init(RAW_MAX);
    struct hf_buf title = hf_buf_init(RAW_MAX);
    bool changed = false;
    enum hf_rc rc = hf_redact_text(&w->redact, name, &title, &changed, err);
    rc = rc == HF_OK ? redacted(w, value, &clean) : rc;
    if (rc == HF_OK && clean.len > 0 && memchr(clean.ptr, '\0', clean.len) != NULL) {
        rc = hf_err_set(err, HF_EINVAL,
                        "a parameter has a NUL character, behind which a person may see nothing");
    }
    if (rc == HF_OK) {
        struct hf_str shown = title.len > 0 ? hf_bytes_str(hf_buf_bytes(&title)) : HF_STR("\"\"");
        struct hf_str text = hf_bytes_str(hf_buf_bytes(&clean));
        size_t parts = is_text ? 1 : part_count(text);
        if (parts > lines) {
            rc = hf_err_set(err, HF_ETOOBIG,
                            "the parameter %.*s of %zu bytes does not fit what a person can be "
                            "shown; ask for less at once",
                            HF_STR_ARG(part_of(shown, NAME_LEN)), text.len);
        } else if (is_text) {
            add_begin(ask, shown, text);
        } else {
            add_whole(ask, shown, text, parts);
        }
    }
    hf_buf_free(&clean);
    hf_buf_free(&title);
    return rc == HF_OK ? ask->text.failed : rc;
}

/* Who answers must know that there is more than they see. */
static void add_omitted(size_t omitted, struct hf_ask *ask)
{
    char words[64];
    int len = snprintf(words, sizeof words, "%zu more texts, which are not shown", omitted);
    add_line(ask, HF_STR("..."), (struct hf_str){words, (size_t)len});
    ask->cut = true;
}

/* What matters comes first, and all of it; then texts, as far as they fit. */
static enum hf_rc add_arguments(struct hf_wrapper *w, struct hf_str tool,
                                const struct hf_json *params, struct hf_ask *ask,
                                struct hf_err *err)
{
    const struct hf_policy *policy = hf_policies_active(&w->policies);
    size_t count = hf_json_count(params);
    size_t texts = 0;
    enum hf_rc rc = HF_OK;
    struct hf_str name;
    for (size_t i = 0; i < count; i++) {
        (void)hf_json_member(params, i, &name);
        texts += policy != NULL && hf_policy_param_is_text(policy, tool, name) ? 1 : 0;
    }
    for (unsigned pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < count && rc == HF_OK; i++) {
            const struct hf_json *value = hf_json_member(params, i, &name);
            bool is_text = policy != NULL && hf_policy_param_is_text(policy, tool, name);
            size_t free_lines = HF_ASK_ARGUMENTS_MAX - ask->count;
            if (is_text != (pass == 1)) {
                continue;
            }
            if (is_text && free_lines < texts && free_lines == 1) {
                add_omitted(texts, ask);
                return ask->text.failed;
            }
            rc = add_argument(w, name, value, is_text || texts == 0 ? free_lines : free_lines - 1,
                              is_text, ask, err);
            texts -= is_text ? 1 : 0;
        }
    }
    return rc;
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

enum hf_rc hf_ask_make(struct hf_wrapper *w, const struct hf_plugin_call *call, struct hf_ask *ask,
                       struct hf_err *err)
{
    struct hf_json_doc *doc = NULL;
    *ask = (struct hf_ask){.text = hf_buf_init(TEXT_MAX)};
    enum hf_rc rc = hf_json_parse(hf_str_bytes(call->params), &doc, err);
    if (rc == HF_OK && hf_json_kind(hf_json_root(doc)) != HF_JSON_OBJECT) {
        rc = hf_err_set(err, HF_EINVAL, "the parameters are no object");
    }
    if (rc == HF_OK) {
        const struct hf_json *root = hf_json_root(doc);
        rc = add_summary(w, call, root, ask);
        rc = rc == HF_OK ? add_arguments(w, call->tool, root, ask, err) : rc;
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
