/* tests/unit/http/test_request_parser.c: the probes, whole and at every cut. */
#include "base/heap.h"
#include "base/http/request_parser.h"
#include "tests/harness/test.h"
#include "tests/unit/http/probes.h"

static const struct hf_http_limits limits = {
    .head_max = 8192, .target_max = 2048, .body_max = 100000, .framing_max = 256};

/* Everything that was seen, as text. */
struct seen {
    struct hf_buf text;
    int requests;
};

static enum hf_rc on_head(void *ctx, const struct hf_http_request *request)
{
    struct seen *seen = ctx;
    hf_buf_printf(&seen->text, "%.*s %.*s keep=%d len=%llu\n",
                  HF_STR_ARG(hf_bytes_str(request->method)),
                  HF_STR_ARG(hf_bytes_str(request->target)), request->keep_alive,
                  (unsigned long long)request->length);
    return HF_OK;
}

static enum hf_rc on_body(void *ctx, struct hf_bytes data)
{
    struct seen *seen = ctx;
    hf_buf_put(&seen->text, data.ptr, data.len);
    return HF_OK;
}

static enum hf_rc on_end(void *ctx)
{
    struct seen *seen = ctx;
    seen->requests++;
    hf_buf_str(&seen->text, HF_STR("\nend\n"));
    return HF_OK;
}

static const struct hf_http_events events = {on_head, on_body, on_end};

/* Feeds the bytes in two pieces, or one by one (cut SIZE_MAX); answers the refusal's status. */
static int run(struct hf_bytes bytes, size_t cut, struct seen *seen)
{
    struct hf_http_parser *parser = NULL;
    *seen = (struct seen){.text = hf_buf_init(1u << 20)};
    HF_ASSERT(hf_http_parser_new(&limits, &events, seen, &parser) == HF_OK);
    size_t at = 0;
    enum hf_rc rc = HF_OK;
    while (rc == HF_OK && at < bytes.len) {
        size_t end = cut == SIZE_MAX ? at + 1 : at < cut ? cut : bytes.len;
        size_t used = 0;
        rc = hf_http_parser_feed(parser, hf_bytes_of(bytes.ptr + at, end - at), &used);
        at += used;
    }
    int status = hf_http_parser_status(parser);
    HF_ASSERT((rc == HF_EINVAL) == (status != 0));
    HF_ASSERT(status == 0 || hf_http_parser_reason(parser)[0] != '\0');
    hf_http_parser_free(parser);
    return status;
}

static void check_probe(const char *name, struct hf_bytes bytes, int requests, int status)
{
    struct seen whole;
    int got = run(bytes, bytes.len, &whole);
    if (got != status || whole.requests != requests) {
        hf_test_fail(__FILE__, __LINE__, "%s: %d requests and status %d, expected %d and %d", name,
                     whole.requests, got, requests, status);
    }
    for (size_t cut = 1; cut <= bytes.len && !hf_test_failed(); cut++) {
        struct seen split;
        size_t where = cut == bytes.len ? SIZE_MAX : cut;
        if (run(bytes, where, &split) != got ||
            !hf_bytes_eq(hf_buf_bytes(&split.text), hf_buf_bytes(&whole.text))) {
            hf_test_fail(__FILE__, __LINE__, "%s: cut at %zu it is something else", name, cut);
        }
        hf_buf_free(&split.text);
    }
    hf_buf_free(&whole.text);
}

HF_TEST(probes)
{
#define XX(name, bytes, requests, status)                                                          \
    check_probe(name, hf_bytes_of(bytes, sizeof(bytes) - 1), requests, status);
    PROBES(XX)
#undef XX
}

/* Request number `kind` of one that is a byte too long somewhere. */
static void check_long(const char *before, size_t filler, const char *after, int status)
{
    struct hf_buf raw = hf_buf_init(1u << 20);
    struct seen seen;
    hf_buf_str(&raw, hf_str_c(before));
    for (size_t i = 0; i < filler; i++) {
        hf_buf_put(&raw, "a", 1);
    }
    hf_buf_str(&raw, hf_str_c(after));
    int got = run(hf_buf_bytes(&raw), raw.len, &seen);
    HF_CHECK_U64(got, status);
    hf_buf_free(&seen.text);
    hf_buf_free(&raw);
}

HF_TEST(size_limits)
{
    check_long("GET /", 2047, " HTTP/1.1\r\n" H "\r\n", 0);
    check_long("GET /", 2048, " HTTP/1.1\r\n" H "\r\n", 414);
    check_long("GET / HTTP/1.1\r\n" H "X: ", 8192 - 16 - 9 - 3 - 4, "\r\n\r\n", 0);
    check_long("GET / HTTP/1.1\r\n" H "X: ", 8192 - 16 - 9 - 3 - 3, "\r\n\r\n", 431);
    check_long("GET /", 100000, "", 431);
    check_long("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\nX: ", 240,
               "\r\n\r\n", 0);
    check_long("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\nX: ", 250,
               "\r\n\r\n", 400);
    struct hf_buf many = hf_buf_init(1u << 20);
    struct seen seen;
    hf_buf_str(&many, HF_STR("GET / HTTP/1.1\r\n" H));
    for (int i = 0; i < HF_HTTP_FIELDS_MAX; i++) {
        hf_buf_str(&many, HF_STR("X: y\r\n"));
    }
    hf_buf_str(&many, HF_STR("\r\n"));
    HF_CHECK_U64(run(hf_buf_bytes(&many), many.len, &seen), 431);
    hf_buf_free(&seen.text);
    hf_buf_free(&many);
}

static enum hf_rc stop_at_head(void *ctx, const struct hf_http_request *request)
{
    const struct hf_http_field *field = hf_http_field(request, "x-name");
    bool *found = ctx;
    *found = field != NULL && hf_str_eq(hf_bytes_str(field->value), HF_STR("a b"));
    return HF_ECANCELED;
}

/* A callback's answer stops the parser and comes back; fields are found in any case. */
HF_TEST(callback_stops)
{
    static const struct hf_http_events stopping = {stop_at_head, on_body, on_end};
    struct hf_http_parser *parser = NULL;
    bool found = false;
    size_t used = 0;
    HF_CHECK_RC(hf_http_parser_new(&limits, &stopping, &found, &parser), HF_OK);
    struct hf_bytes raw = HF_BYTES("GET / HTTP/1.1\r\n" H "X-NAME:\t a b \t\r\n\r\n");
    HF_CHECK_RC(hf_http_parser_feed(parser, raw, &used), HF_ECANCELED);
    HF_CHECK(found);
    HF_CHECK_RC(hf_http_parser_feed(parser, raw, &used), HF_EINVAL);
    hf_http_parser_free(parser);
}

static bool refuse_nth(void *arg)
{
    return --*(int *)arg != 0;
}

/* Every allocation fails once: HF_ENOMEM, nothing worse. */
HF_TEST(allocations)
{
    struct hf_bytes raw = HF_BYTES(OK_GET OK_GET);
    bool all = false;
    for (int n = 1; n < 100 && !all; n++) {
        struct hf_http_parser *parser = NULL;
        static struct seen seen;
        static uint8_t storage[4096];
        (void)storage;
        seen = (struct seen){.text = hf_buf_init(0)};
        int left = n;
        hf_heap_gate(refuse_nth, &left);
        enum hf_rc rc = hf_http_parser_new(&limits, &events, &seen, &parser);
        size_t used = 0;
        for (size_t at = 0; rc == HF_OK && at < raw.len; at += used) {
            rc = hf_http_parser_feed(parser, hf_bytes_of(raw.ptr + at, raw.len - at), &used);
        }
        hf_heap_gate(NULL, NULL);
        HF_CHECK(rc == HF_OK || rc == HF_ENOMEM);
        all = left > 0;
        HF_CHECK(all == (rc == HF_OK));
        hf_http_parser_free(parser);
        hf_buf_free(&seen.text);
    }
    HF_CHECK(all);
}

HF_TEST_MAIN(HF_TEST_CASE(probes), HF_TEST_CASE(size_limits), HF_TEST_CASE(callback_stops),
             HF_TEST_CASE(allocations))
