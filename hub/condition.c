/* hub/condition.c: compares entity tags with versions. */
#include "hub/condition.h"

#include <stdio.h>

#include "base/http/tags.h"

#define TAG_MAX 80

static void add_tag(struct hf_hub_call *call, const char *tag)
{
    char text[TAG_MAX + 2];
    (void)snprintf(text, sizeof text, "\"%s\"", tag);
    if (call->exchange != NULL) {
        hf_http_add_field(call->exchange, "ETag", hf_str_c(text));
    }
}

static bool refuse_bad(struct hf_hub_call *call, const char *name)
{
    char detail[96];
    (void)snprintf(detail, sizeof detail,
                   "%s: needs entity tags in quotation marks, such as \"17\", or *.", name);
    hf_call_problem(call, HF_PROBLEM_INVALID, detail);
    return false;
}

bool hf_call_not_modified(struct hf_hub_call *call, const char *tag)
{
    struct hf_http_tags tags =
        hf_http_tags_of(hf_http_exchange_request(call->exchange), "if-none-match");
    struct hf_str one;
    bool weak = false;
    bool found = tags.any;
    while (!found && hf_http_tags_next(&tags, &one, &weak)) {
        found = hf_str_eq(one, hf_str_c(tag));
    }
    if (tags.bad) {
        return !refuse_bad(call, "If-None-Match");
    }
    add_tag(call, tag);
    if (found) {
        hf_http_answer(call->exchange, 304, NULL, (struct hf_bytes){NULL, 0});
    }
    return found;
}

/* "17" and "17-1-40-3" are version 17. */
static bool names_version(struct hf_str tag, uint64_t version)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)version);
    struct hf_str want = hf_str_c(text);
    return hf_str_starts(tag, want) && (tag.len == want.len || tag.ptr[want.len] == '-');
}

bool hf_call_matches(struct hf_hub_call *call, uint64_t version)
{
    struct hf_http_tags tags =
        hf_http_tags_of(hf_http_exchange_request(call->exchange), "if-match");
    struct hf_str one;
    bool weak = false;
    bool found = !tags.present || (tags.any && version > 0);
    while (!found && hf_http_tags_next(&tags, &one, &weak)) {
        found = !weak && names_version(one, version);
    }
    if (tags.bad) {
        return refuse_bad(call, "If-Match");
    }
    if (!found) {
        hf_call_tag_version(call, version);
        hf_call_problem(call, HF_PROBLEM_CHANGED,
                        "This is no longer what If-Match says; ETag is its version now. Read it "
                        "again and decide anew.");
    }
    return found;
}

void hf_call_tag_version(struct hf_hub_call *call, uint64_t version)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)version);
    add_tag(call, text);
}
