/* base/http/tags.h: entity tags in If-Match and If-None-Match (RFC 9110 sections 8.8.3 and 13.1).
 *
 * Pure. A list may be spread over several fields of the same name; "*" stands alone.
 */
#ifndef HF_BASE_HTTP_TAGS_H
#define HF_BASE_HTTP_TAGS_H

#include "base/http/request_parser.h"

struct hf_http_tags {
    /* read-only */
    bool present; /* there is such a field */
    bool any;     /* it is "*" */
    bool bad;     /* it is no list of tags: nothing more comes */
    /* private */
    const struct hf_http_request *request;
    const char *name;
    int field;
    struct hf_str rest;
};

/* name: of the field. Borrows both. */
struct hf_http_tags hf_http_tags_of(const struct hf_http_request *request, const char *name);
/* The next tag without its quotation marks; false at the end, which for "*" is at once. */
bool hf_http_tags_next(struct hf_http_tags *tags, struct hf_str *ret_tag, bool *ret_weak);

#endif
