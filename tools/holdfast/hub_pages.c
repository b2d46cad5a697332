/* tools/holdfast/hub_pages.c: a list of the Hub, page by page. */
#include <stdio.h>

#include "tools/holdfast/hub_call.h"

#define PAGES_MAX  100000 /* of 1,000 each: a Hub that goes on for ever is refused */
#define CURSOR_MAX 255
#define DEPTH_MAX  16 /* of a value that is copied; answers are not half as deep */

enum hf_rc hf_hub_pages(struct hf_hub_session *session, const char *path, hf_hub_page_fn *take,
                        void *arg, struct hf_err *err)
{
    char url[512];
    const struct hf_json *page = NULL;
    struct hf_str next = HF_STR("");
    enum hf_rc rc = HF_OK;
    for (unsigned pages = 0; rc == HF_OK && (pages == 0 || next.len > 0); pages++) {
        if (next.len > CURSOR_MAX || pages == PAGES_MAX) {
            return hf_err_set(err, HF_EIO, "the Hub's list does not end");
        }
        (void)snprintf(url, sizeof url, "%s?limit=1000%s%.*s", path, next.len > 0 ? "&cursor=" : "",
                       HF_STR_ARG(next));
        rc = hf_hub_ask(session, "GET", url, (struct hf_bytes){NULL, 0}, &page, err);
        if (rc == HF_OK) {
            rc = take(arg, page, err);
            next = hf_member_str(page, "next");
        }
    }
    return rc;
}

/* What is deeper than answers are, and fractions, which they do not have, come out as null. */
static void copy(struct hf_json_out *json, const struct hf_json *value, unsigned depth)
{
    enum hf_json_kind kind = depth > DEPTH_MAX ? HF_JSON_NULL : hf_json_kind(value);
    switch (kind) {
    case HF_JSON_NULL:
    case HF_JSON_REAL: hf_json_null(json); break;
    case HF_JSON_BOOL: hf_json_bool(json, hf_json_as_bool(value)); break;
    case HF_JSON_INT: hf_json_i64(json, hf_json_as_i64(value)); break;
    case HF_JSON_STR: hf_json_str(json, hf_json_as_str(value)); break;
    case HF_JSON_OBJECT:
        hf_json_object_begin(json);
        for (size_t i = 0; i < hf_json_count(value); i++) {
            struct hf_str key;
            const struct hf_json *inner = hf_json_member(value, i, &key);
            hf_json_key(json, key);
            copy(json, inner, depth + 1);
        }
        hf_json_object_end(json);
        break;
    case HF_JSON_ARRAY:
        hf_json_array_begin(json);
        for (size_t i = 0; i < hf_json_count(value); i++) {
            copy(json, hf_json_at(value, i), depth + 1);
        }
        hf_json_array_end(json);
        break;
    }
}

void hf_hub_copy_json(struct hf_json_out *json, const struct hf_json *value)
{
    copy(json, value, 0);
}
