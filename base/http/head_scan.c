/* base/http/head_scan.c: the grammar of a head (or of trailers), one byte at a time. */
#include "base/http/head_scan.h"

#include "base/assert.h"

#define VERSION_LEN 8

static bool is_alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_one_of(uint8_t c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

bool hf_http_is_token(uint8_t c)
{
    return is_alnum(c) || is_one_of(c, "!#$%&'*+-.^_`|~");
}

/* RFC 3986: unreserved, reserved without '#' (a fragment is never sent), and '%'. */
static bool is_target(uint8_t c)
{
    return is_alnum(c) || is_one_of(c, "-._~:/?[]@!$&'()*+,;=%");
}

static bool is_value(uint8_t c)
{
    return c == '\t' || (c >= ' ' && c != 0x7f);
}

void hf_head_scan_init(struct hf_head_scan *scan, const struct hf_http_limits *limits)
{
    *scan = (struct hf_head_scan){.left = limits->head_max, .target_max = limits->target_max};
}

void hf_head_scan_init_trailers(struct hf_head_scan *scan, uint32_t max)
{
    *scan = (struct hf_head_scan){.state = HF_HEAD_LINE, .left = max};
}

static void refuse(struct hf_head_scan *scan, int status, const char *reason)
{
    scan->refusal = (struct hf_http_refusal){status, reason};
}

/* A byte that fits nowhere: the usual suspects get a text of their own. */
static void refuse_byte(struct hf_head_scan *scan, uint8_t c, const char *otherwise)
{
    if (c == '\n') {
        refuse(scan, 400, "A line ends with LF alone instead of CR LF.");
    } else if (c == '\r') {
        refuse(scan, 400, "A CR stands where no line ends.");
    } else if ((c < ' ' && c != '\t') || c == 0x7f) {
        refuse(scan, 400, "The head contains a control character.");
    } else {
        refuse(scan, 400, otherwise);
    }
}

static void step_method(struct hf_head_scan *scan, uint8_t c)
{
    if (c == ' ' && scan->part > 0) {
        scan->state = HF_HEAD_TARGET;
        scan->part = 0;
    } else if (hf_http_is_token(c)) {
        scan->part++;
    } else {
        refuse_byte(scan, c, "The request line does not begin with a method.");
    }
}

static void step_target(struct hf_head_scan *scan, uint8_t c)
{
    if (c == ' ' && scan->part > 0) {
        scan->state = HF_HEAD_VERSION;
        scan->part = 0;
    } else if (!is_target(c)) {
        refuse_byte(scan, c, "The target of the request contains a character that no URI has.");
    } else if (scan->part == scan->target_max) {
        refuse(scan, 414, "The target of the request is too long.");
    } else {
        scan->part++;
    }
}

static void step_version(struct hf_head_scan *scan, uint8_t c)
{
    static const char pattern[] = "HTTP/0.0";
    if (scan->part == VERSION_LEN) {
        if (c == '\r') {
            scan->state = HF_HEAD_VERSION_LF;
        } else {
            refuse_byte(scan, c, "The request line does not end after the HTTP version.");
        }
        return;
    }
    bool digit = pattern[scan->part] == '0';
    if (digit ? c < '0' || c > '9' : c != (uint8_t)pattern[scan->part]) {
        refuse_byte(scan, c, "The request line does not end with an HTTP version.");
        return;
    }
    scan->part++;
    if (scan->part == VERSION_LEN - 2) {
        scan->major = (uint8_t)(c - '0');
    } else if (scan->part == VERSION_LEN) {
        scan->minor = (uint8_t)(c - '0');
        if (scan->major != 1 || scan->minor > 1) {
            refuse(scan, 505, "Only HTTP/1.1 and HTTP/1.0 are spoken here.");
        }
    }
}

static void step_line(struct hf_head_scan *scan, uint8_t c)
{
    if (c == '\r') {
        scan->state = HF_HEAD_END_LF;
    } else if (c == ' ' || c == '\t') {
        refuse(scan, 400, "A line of the head begins with white space (line folding).");
    } else if (!hf_http_is_token(c)) {
        refuse_byte(scan, c, "A field name contains a character that is not allowed there.");
    } else if (scan->fields == HF_HTTP_FIELDS_MAX) {
        refuse(scan, 431, "The request has too many fields.");
    } else {
        scan->fields++;
        scan->state = HF_HEAD_NAME;
    }
}

static void step_name(struct hf_head_scan *scan, uint8_t c)
{
    if (c == ':') {
        scan->state = HF_HEAD_VALUE;
    } else if (c == ' ' || c == '\t') {
        refuse(scan, 400, "There is white space in or after a field name.");
    } else if (!hf_http_is_token(c)) {
        refuse_byte(scan, c, "A field name contains a character that is not allowed there.");
    }
}

static void step_value(struct hf_head_scan *scan, uint8_t c)
{
    if (c == '\r') {
        scan->state = HF_HEAD_VALUE_LF;
    } else if (!is_value(c)) {
        refuse_byte(scan, c, "A field value contains a character that is not allowed there.");
    }
}

static void step_lf(struct hf_head_scan *scan, uint8_t c, enum hf_head_scan_state next)
{
    if (c == '\n') {
        scan->state = next;
    } else {
        refuse(scan, 400, "A CR is not followed by LF.");
    }
}

static void step(struct hf_head_scan *scan, uint8_t c)
{
    switch (scan->state) {
    case HF_HEAD_METHOD: step_method(scan, c); break;
    case HF_HEAD_TARGET: step_target(scan, c); break;
    case HF_HEAD_VERSION: step_version(scan, c); break;
    case HF_HEAD_VERSION_LF: step_lf(scan, c, HF_HEAD_LINE); break;
    case HF_HEAD_LINE: step_line(scan, c); break;
    case HF_HEAD_NAME: step_name(scan, c); break;
    case HF_HEAD_VALUE: step_value(scan, c); break;
    case HF_HEAD_VALUE_LF: step_lf(scan, c, HF_HEAD_LINE); break;
    case HF_HEAD_END_LF: step_lf(scan, c, HF_HEAD_DONE); break;
    case HF_HEAD_DONE: HF_UNREACHABLE("a finished head takes no bytes");
    }
}

size_t hf_head_scan_feed(struct hf_head_scan *scan, struct hf_bytes bytes)
{
    size_t used = 0;
    while (used < bytes.len && scan->state != HF_HEAD_DONE && scan->refusal.status == 0) {
        if (scan->left == 0) {
            refuse(scan, 431, "The head of the request is too big.");
            break;
        }
        step(scan, bytes.ptr[used]);
        if (scan->refusal.status == 0) {
            scan->left--;
            used++;
        }
    }
    return used;
}
