/* tests/unit/http/test_request_parser.c: what is accepted, what is refused, in any splitting. */
#include "base/heap.h"
#include "base/http/request_parser.h"
#include "tests/harness/test.h"
#include "tests/unit/http/probes.h"

/* What came out of a parser, compared as a whole between ways of feeding. */
struct seen {
    int heads;
    int ends;
    int status;
    enum hf_rc rc;
    size_t used;
    char body[256];
    size_t body_len;
    char head[8192]; /* methods, targets, fields as text */
    size_t head_len;
    enum hf_rc answer; /* what the callbacks answer */
};

static void put_head(struct seen *seen, struct hf_bytes part)
{
    HF_ASSERT(part.len < sizeof seen->head - seen->head_len);
    memcpy(seen->head + seen->head_len, part.ptr, part.len);
    seen->head_len += part.len;
    seen->head[seen->head_len++] = '\n';
}

static enum hf_rc on_head(void *ctx, const struct hf_http_request *request)
{
    struct seen *seen = ctx;
    seen->heads++;
    put_head(seen, request->method);
    put_head(seen, request->target);
    put_head(seen, request->host);
    for (int i = 0; i < request->field_count; i++) {
        put_head(seen, request->fields[i].name);
        put_head(seen, request->fields[i].value);
    }
    return seen->answer;
}

static enum hf_rc on_body(void *ctx, struct hf_bytes data)
{
    struct seen *seen = ctx;
    HF_ASSERT(data.len > 0 && data.len < sizeof seen->body - seen->body_len);
    memcpy(seen->body + seen->body_len, data.ptr, data.len);
    seen->body_len += data.len;
    return seen->answer;
}

static enum hf_rc on_end(void *ctx)
{
    struct seen *seen = ctx;
    seen->ends++;
    return seen->answer;
}

static const struct hf_http_events events = {on_head, on_body, on_end};

/* Feeds everything; a feed that stops at the end of a request is followed by one with the rest. */
static void feed_all(struct hf_http_parser *parser, struct hf_bytes bytes, struct seen *seen)
{
    while (bytes.len > 0 && seen->rc == HF_OK) {
        size_t used = 0;
        seen->rc = hf_http_parser_feed(parser, bytes, &used);
        HF_ASSERT(used <= bytes.len && (used > 0 || seen->rc != HF_OK));
        seen->used += used;
        bytes = hf_bytes_of(bytes.ptr + used, bytes.len - used);
    }
}

/* The bytes in pieces that end at first, first + step, first + 2 * step, ... Each piece is a copy
 * of its own size, so that reading past its end is found out by the sanitizer. */
static struct seen run(struct hf_bytes bytes, const struct hf_http_limits *limits, size_t first,
                       size_t step)
{
    struct seen seen = {0};
    struct hf_http_parser *parser = NULL;
    HF_ASSERT(hf_http_parser_new(limits, &events, &seen, &parser) == HF_OK);
    size_t take = first;
    while (bytes.len > 0) {
        take = take < bytes.len ? take : bytes.len;
        void *copy = hf_heap_copy(bytes.ptr, take);
        feed_all(parser, hf_bytes_of(copy, take), &seen);
        hf_heap_free(copy);
        bytes = hf_bytes_of(bytes.ptr + take, bytes.len - take);
        take = step;
    }
    seen.status = hf_http_parser_status(parser);
    HF_ASSERT((seen.rc == HF_EINVAL) == (seen.status != 0));
    HF_ASSERT((hf_http_parser_state(parser) == HF_HTTP_REFUSED) == (seen.status != 0));
    HF_ASSERT((strlen(hf_http_parser_reason(parser)) > 0) == (seen.status != 0));
    hf_http_parser_free(parser);
    return seen;
}

static bool same(const struct seen *a, const struct seen *b)
{
    return a->heads == b->heads && a->ends == b->ends && a->status == b->status && a->rc == b->rc &&
           (a->status != 0 || a->used == b->used) &&
           hf_bytes_eq(hf_bytes_of(a->body, a->body_len), hf_bytes_of(b->body, b->body_len)) &&
           hf_bytes_eq(hf_bytes_of(a->head, a->head_len), hf_bytes_of(b->head, b->head_len));
}

static struct seen run_whole(struct hf_bytes bytes)
{
    return run(bytes, &probe_limits, SIZE_MAX, SIZE_MAX);
}

/* Every probe has its fate: how many requests end, with which bodies, and which refusal comes. */
HF_TEST(probes)
{
    HF_CHECK(probe_count > 56);
    for (size_t i = 0; i < probe_count && !hf_test_failed(); i++) {
        const struct probe *p = &probes[i];
        struct seen seen = run_whole(p->bytes);
        if (seen.ends != p->accepted || seen.status != p->status) {
            hf_test_fail(__FILE__, __LINE__, "%s: %d accepted, status %d, expected %d and %d",
                         p->name, seen.ends, seen.status, p->accepted, p->status);
        } else if (!hf_str_eq((struct hf_str){seen.body, seen.body_len}, hf_str_c(p->body)) &&
                   p->status == 0) {
            hf_test_fail(__FILE__, __LINE__, "%s: its body is \"%.*s\"", p->name,
                         (int)seen.body_len, seen.body);
        }
    }
}

/* Splitting changes nothing: byte by byte, and in two at every point, everything that comes out is
 * what came out of the whole. */
HF_TEST(splits)
{
    for (size_t i = 0; i < probe_count && !hf_test_failed(); i++) {
        const struct probe *p = &probes[i];
        struct seen whole = run_whole(p->bytes);
        struct seen bytewise = run(p->bytes, &probe_limits, 1, 1);
        if (!same(&whole, &bytewise)) {
            hf_test_fail(__FILE__, __LINE__, "%s: byte by byte differs", p->name);
        }
        for (size_t at = 1; at < p->bytes.len && !hf_test_failed(); at++) {
            struct seen split = run(p->bytes, &probe_limits, at, SIZE_MAX);
            if (!same(&whole, &split)) {
                hf_test_fail(__FILE__, __LINE__, "%s: split at %zu differs", p->name, at);
            }
        }
    }
}

struct limit_case {
    const char *before;
    char filler;
    const char *after;
    size_t most; /* fillers that still pass */
    int status;  /* of one more */
};

static struct hf_bytes fill(const struct limit_case *c, size_t count)
{
    static uint8_t raw[4096];
    struct hf_writer w = hf_writer_init(raw, sizeof raw);
    hf_writer_str(&w, hf_str_c(c->before));
    for (size_t i = 0; i < count; i++) {
        hf_writer_u8(&w, (uint8_t)c->filler);
    }
    hf_writer_str(&w, hf_str_c(c->after));
    HF_ASSERT(!w.overflow);
    return hf_writer_done(&w);
}

#define HEAD    "POST / HTTP/1.1\r\nHost: a\r\n"
#define CHUNKED HEAD "Transfer-Encoding: chunked\r\n\r\n"

/* Each limit is exact: at it a request passes, one more byte gives its status; also bytewise. */
HF_TEST(limits)
{
    static const struct hf_http_limits limits = {
        .head_max = 200, .target_max = 20, .body_max = 16, .framing_max = 12};
    static const struct limit_case cases[] = {
        {HEAD "X: ", 'x', "\r\n\r\n", 200 - 33, 431},
        {"GET /", 'x', " HTTP/1.1\r\nHost: a\r\n\r\n", 19, 414},
        {HEAD "Content-Length: ", '0', "\r\n\r\n", 200 - 46, 431},
        {CHUNKED, '0', "\r\n\r\n", 8, 400},
        {CHUNKED "0\r\nX:", 'x', "\r\n\r\n", 3, 400},
        {CHUNKED "8\r\nabcdefgh\r\n0", '0', "\r\n\r\n", 2, 400},
    };
    for (size_t i = 0; i < HF_LEN(cases); i++) {
        for (size_t over = 0; over < 2; over++) {
            struct hf_bytes bytes = fill(&cases[i], cases[i].most + over);
            struct seen whole = run(bytes, &limits, SIZE_MAX, SIZE_MAX);
            struct seen bytewise = run(bytes, &limits, 1, 1);
            HF_CHECK_U64(whole.status, over == 0 ? 0 : cases[i].status);
            HF_CHECK_U64(whole.ends, over == 0 ? 1 : 0);
            HF_CHECK(same(&whole, &bytewise));
        }
    }
}

/* Too big a body is refused before any of it is handed on: by its Content-Length with the head, by
 * its chunks with the size that goes over. */
HF_TEST(body_limit)
{
    static const struct hf_http_limits limits = {
        .head_max = 200, .target_max = 20, .body_max = 16, .framing_max = 100};

    const struct {
        struct hf_bytes bytes;
        int heads;
        int status;
        size_t body_len;
    } cases[] = {
        {HF_BYTES(HEAD "Content-Length: 16\r\n\r\n0123456789abcdef"), 1, 0, 16},
        {HF_BYTES(HEAD "Content-Length: 17\r\n\r\n"), 0, 413, 0},
        {HF_BYTES(HEAD "Content-Length: 99999999999999999999999\r\n\r\n"), 0, 413, 0},
        {HF_BYTES(CHUNKED "10\r\n0123456789abcdef\r\n0\r\n\r\n"), 1, 0, 16},
        {HF_BYTES(CHUNKED "11\r\n"), 1, 413, 0},
        {HF_BYTES(CHUNKED "8\r\n01234567\r\n8\r\n01234567\r\n0\r\n\r\n"), 1, 0, 16},
        {HF_BYTES(CHUNKED "8\r\n01234567\r\n9\r\n"), 1, 413, 8},
        {HF_BYTES(CHUNKED "fffffffffffffffffffff\r\n"), 1, 413, 0},
    };

    for (size_t i = 0; i < HF_LEN(cases); i++) {
        struct seen seen = run(cases[i].bytes, &limits, SIZE_MAX, SIZE_MAX);
        HF_CHECK_U64(seen.heads, cases[i].heads);
        HF_CHECK_U64(seen.status, cases[i].status);
        HF_CHECK_U64(seen.body_len, cases[i].body_len);
    }
}

/* As many fields as a request holds pass; one more is 431. */
HF_TEST(field_count)
{
    static const struct hf_http_limits limits = {
        .head_max = 4096, .target_max = 20, .body_max = 0, .framing_max = 0};
    for (size_t over = 0; over < 2; over++) {
        static uint8_t raw[4096];
        struct hf_writer w = hf_writer_init(raw, sizeof raw);
        hf_writer_str(&w, HF_STR(HEAD));
        for (size_t i = 0; i < HF_HTTP_FIELDS_MAX - 1 + over; i++) {
            hf_writer_printf(&w, "X-%zu: y\r\n", i);
        }
        hf_writer_str(&w, HF_STR("\r\n"));
        struct seen seen = run(hf_writer_done(&w), &limits, SIZE_MAX, SIZE_MAX);
        HF_CHECK_U64(seen.status, over == 0 ? 0 : 431);
        HF_CHECK_U64(seen.ends, over == 0 ? 1 : 0);
    }
}

/* What the head callback sees: copies of the flags, checked against a table. */
struct flags {
    bool keep_alive;
    bool expect_continue;
    bool chunked;
    bool has_length;
    int minor;
    uint64_t length;
    char host[32];
    size_t host_len;
};

static enum hf_rc keep_flags(void *ctx, const struct hf_http_request *r)
{
    struct flags *flags = ctx;
    *flags = (struct flags){.keep_alive = r->keep_alive,
                            .expect_continue = r->expect_continue,
                            .chunked = r->chunked,
                            .has_length = r->has_length,
                            .minor = r->minor,
                            .length = r->length,
                            .host_len = r->host.len};
    memcpy(flags->host, r->host.ptr, r->host.len);
    HF_ASSERT(hf_http_field(r, "HOST") != NULL && hf_http_field(r, "hos") == NULL);
    return HF_ECANCELED;
}

/* Each flag of a request follows from its head as the table says. */
HF_TEST(meaning)
{
    static const struct hf_http_events keep = {keep_flags, on_body, on_end};

    const struct {
        struct hf_bytes bytes;
        struct flags flags;
    } cases[] = {
        {HF_BYTES(HEAD "\r\n"), {true, false, false, false, 1, 0, "a", 1}},
        {HF_BYTES(HEAD "Connection: x, Close\r\n\r\n"), {.minor = 1, .host = "a", .host_len = 1}},
        {HF_BYTES(HEAD "Connection: keep-alive\r\nconnection: ,close\r\n\r\n"),
         {.minor = 1, .host = "a", .host_len = 1}},
        {HF_BYTES("GET / HTTP/1.0\r\nhost:\t a:80 \r\n\r\n"), {.host = "a:80", .host_len = 4}},
        {HF_BYTES("GET / HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n"),
         {.keep_alive = true, .host = "a", .host_len = 1}},
        {HF_BYTES("GET HTTP://b.c?d HTTP/1.1\r\nHost: a\r\n\r\n"),
         {true, false, false, false, 1, 0, "b.c", 3}},
        {HF_BYTES("CONNECT [::1]:443 HTTP/1.1\r\nHost: a\r\n\r\n"),
         {true, false, false, false, 1, 0, "[::1]:443", 9}},
        {HF_BYTES(HEAD "Expect: 100-Continue\r\nContent-Length: 0007\r\n\r\n"),
         {true, true, false, true, 1, 7, "a", 1}},
        {HF_BYTES("PUT / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\n\r\n"),
         {.host = "a", .host_len = 1}},
        {HF_BYTES(CHUNKED), {true, false, true, false, 1, 0, "a", 1}},
    };

    for (size_t i = 0; i < HF_LEN(cases); i++) {
        const struct flags *e = &cases[i].flags;
        struct flags flags = {0};
        struct hf_http_parser *parser = NULL;
        size_t used = 0;
        HF_CHECK_RC(hf_http_parser_new(&probe_limits, &keep, &flags, &parser), HF_OK);
        enum hf_rc rc = hf_http_parser_feed(parser, cases[i].bytes, &used);
        hf_http_parser_free(parser);
        HF_CHECK_RC(rc, HF_ECANCELED);
        HF_CHECK_U64(flags.keep_alive, e->keep_alive);
        HF_CHECK_U64(flags.expect_continue, e->expect_continue);
        HF_CHECK_U64(flags.chunked, e->chunked);
        HF_CHECK_U64(flags.has_length, e->has_length);
        HF_CHECK_U64(flags.minor, e->minor);
        HF_CHECK_U64(flags.length, e->length);
        HF_CHECK_STR(((struct hf_str){flags.host, flags.host_len}),
                     ((struct hf_str){e->host, e->host_len}));
    }
}

/* One feed ends with one request: pipelined ones are taken one by one, and the states between are
 * those that timers depend on. */
HF_TEST(pipelining)
{
    struct hf_bytes bytes = HF_BYTES(HEAD "Content-Length: 2\r\n\r\nab" HEAD "\r\n" HEAD);
    size_t first = sizeof(HEAD "Content-Length: 2\r\n\r\nab") - 1;
    size_t second = sizeof(HEAD "\r\n") - 1;
    struct seen seen = {0};
    struct hf_http_parser *parser = NULL;
    size_t used = 0;
    HF_CHECK_RC(hf_http_parser_new(&probe_limits, &events, &seen, &parser), HF_OK);
    HF_CHECK_U64(hf_http_parser_state(parser), HF_HTTP_IDLE);
    HF_CHECK_RC(hf_http_parser_feed(parser, hf_bytes_of(bytes.ptr, first - 1), &used), HF_OK);
    HF_CHECK_U64(used, first - 1);
    HF_CHECK_U64(hf_http_parser_state(parser), HF_HTTP_BODY);
    bytes = hf_bytes_of(bytes.ptr + used, bytes.len - used);
    HF_CHECK_RC(hf_http_parser_feed(parser, bytes, &used), HF_OK);
    HF_CHECK_U64(used, 1);
    HF_CHECK_U64(hf_http_parser_state(parser), HF_HTTP_IDLE);
    bytes = hf_bytes_of(bytes.ptr + used, bytes.len - used);
    HF_CHECK_RC(hf_http_parser_feed(parser, bytes, &used), HF_OK);
    HF_CHECK_U64(used, second);
    HF_CHECK_U64(seen.ends, 2);
    bytes = hf_bytes_of(bytes.ptr + used, bytes.len - used);
    HF_CHECK_RC(hf_http_parser_feed(parser, bytes, &used), HF_OK);
    HF_CHECK_U64(used, bytes.len);
    HF_CHECK_U64(hf_http_parser_state(parser), HF_HTTP_HEAD);
    HF_CHECK_RC(hf_http_parser_feed(parser, HF_BYTES("\n"), &used), HF_EINVAL);
    HF_CHECK_RC(hf_http_parser_feed(parser, HF_BYTES("x"), &used), HF_EINVAL);
    HF_CHECK_U64(used, 0);
    HF_CHECK_U64(hf_http_parser_status(parser), 400);
    hf_http_parser_free(parser);
}

/* What follows a CONNECT is left to the tunnel, whatever it looks like. */
HF_TEST(tunnel)
{
    struct hf_bytes bytes = HF_BYTES("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n\x16\x03\n");
    struct seen seen = {0};
    struct hf_http_parser *parser = NULL;
    size_t used = 0;
    HF_CHECK_RC(hf_http_parser_new(&probe_limits, &events, &seen, &parser), HF_OK);
    HF_CHECK_RC(hf_http_parser_feed(parser, bytes, &used), HF_OK);
    HF_CHECK_U64(used, bytes.len - 3);
    HF_CHECK_U64(seen.ends, 1);
    hf_http_parser_free(parser);
}

/* A callback's refusal is what feed answers, then and later, and no further callback runs. */
HF_TEST(callback_stops)
{
    struct seen seen = {.answer = HF_EBUSY};
    struct hf_http_parser *parser = NULL;
    size_t used = 0;
    HF_CHECK_RC(hf_http_parser_new(&probe_limits, &events, &seen, &parser), HF_OK);
    HF_CHECK_RC(hf_http_parser_feed(parser, HF_BYTES(HEAD "\r\n" HEAD "\r\n"), &used), HF_EBUSY);
    HF_CHECK_RC(hf_http_parser_feed(parser, HF_BYTES(HEAD "\r\n"), &used), HF_EBUSY);
    HF_CHECK_U64(used, 0);
    HF_CHECK_U64(seen.heads, 1);
    HF_CHECK_U64(seen.ends, 0);
    HF_CHECK_U64(hf_http_parser_status(parser), 0);
    hf_http_parser_free(parser);
}

static bool fails_nth(void *arg)
{
    size_t *left = arg;
    return (*left)-- != 0;
}

/* Any allocation may fail: feed says so, and feeding the rest again later ends in the same. The
 * head is bigger than the first buffer, so that growing it is among them, and as big as it may be,
 * so that bytes counted twice are found out. */
HF_TEST(no_memory)
{
    static const struct limit_case big = {
        HEAD "X: ", 'x', "\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", 0, 0};
    struct hf_bytes bytes = fill(&big, 3000);
    struct hf_http_limits limits = {.head_max =
                                        (uint32_t)(bytes.len - (sizeof("1\r\na\r\n0\r\n\r\n") - 1)),
                                    .target_max = 20,
                                    .body_max = 16,
                                    .framing_max = 100};
    struct hf_http_parser *parser = NULL;
    size_t failed = 0;
    size_t none = 0;
    hf_heap_gate(fails_nth, &none);
    enum hf_rc rc = hf_http_parser_new(&limits, &events, NULL, &parser);
    hf_heap_gate(NULL, NULL);
    HF_CHECK_RC(rc, HF_ENOMEM);
    for (size_t n = 0; n < 10; n++) {
        struct seen seen = {0};
        size_t left = n;
        HF_CHECK_RC(hf_http_parser_new(&limits, &events, &seen, &parser), HF_OK);
        hf_heap_gate(fails_nth, &left);
        for (size_t at = 0; at < bytes.len; at += seen.used) {
            seen.used = 0;
            size_t piece = bytes.len - at < 700 ? bytes.len - at : 700;
            rc = hf_http_parser_feed(parser, hf_bytes_of(bytes.ptr + at, piece), &seen.used);
            failed += rc == HF_ENOMEM ? 1 : 0;
            HF_CHECK(rc == HF_OK || rc == HF_ENOMEM);
        }
        hf_heap_gate(NULL, NULL);
        hf_http_parser_free(parser);
        HF_CHECK_U64(seen.ends, 1);
        HF_CHECK_U64(seen.body_len, 1);
    }
    HF_CHECK_U64(failed, 4);
}

HF_TEST_MAIN(HF_TEST_CASE(probes), HF_TEST_CASE(splits), HF_TEST_CASE(limits),
             HF_TEST_CASE(body_limit), HF_TEST_CASE(field_count), HF_TEST_CASE(meaning),
             HF_TEST_CASE(pipelining), HF_TEST_CASE(tunnel), HF_TEST_CASE(callback_stops),
             HF_TEST_CASE(no_memory))
