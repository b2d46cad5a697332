/* tests/fuzz/http/fuzz_request.c: splitting the input changes nothing, and what we accept, strict
 * llhttp accepts as the same request when it is given those bytes alone. */
#include <llhttp.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/heap.h"
#include "base/http/request_parser.h"

#define SEEN_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* All that came out, as text in which bodies are joined. */
struct seen {
    struct hf_buf log;
    struct hf_buf body;
    int ends;
};

static void put(struct hf_buf *buf, struct hf_bytes part)
{
    hf_buf_put(buf, part.ptr, part.len);
    hf_buf_put(buf, "\n", 1);
}

static enum hf_rc on_head(void *ctx, const struct hf_http_request *r)
{
    struct seen *seen = ctx;
    uint8_t flags[] = {(uint8_t)r->minor, r->keep_alive, r->chunked, r->has_length,
                       r->expect_continue};
    put(&seen->log, r->method);
    put(&seen->log, r->target);
    put(&seen->log, r->host);
    put(&seen->log, hf_bytes_of(flags, sizeof flags));
    put(&seen->log, hf_bytes_of(&r->length, sizeof r->length));
    for (int i = 0; i < r->field_count; i++) {
        put(&seen->log, r->fields[i].name);
        put(&seen->log, r->fields[i].value);
    }
    return HF_OK;
}

static enum hf_rc on_body(void *ctx, struct hf_bytes data)
{
    struct seen *seen = ctx;
    HF_ASSERT(data.len > 0);
    hf_buf_put(&seen->body, data.ptr, data.len);
    return HF_OK;
}

static enum hf_rc on_end(void *ctx)
{
    struct seen *seen = ctx;
    seen->ends++;
    put(&seen->log, HF_BYTES("end"));
    return HF_OK;
}

static const struct hf_http_events events = {on_head, on_body, on_end};
static const struct hf_http_limits limits = {
    .head_max = 600, .target_max = 100, .body_max = 300, .framing_max = 100};

/* What llhttp alone makes of one request. */
struct second {
    struct hf_buf body;
    int ends;
};

static int second_body(llhttp_t *llhttp, const char *at, size_t len)
{
    struct second *second = llhttp->data;
    hf_buf_put(&second->body, at, len);
    return 0;
}

static int second_end(llhttp_t *llhttp)
{
    struct second *second = llhttp->data;
    second->ends++;
    return 0;
}

static void check_second(struct hf_bytes request, struct hf_bytes body)
{
    static const llhttp_settings_t settings = {.on_body = second_body,
                                               .on_message_complete = second_end};
    struct second second = {.body = hf_buf_init(SEEN_MAX)};
    llhttp_t llhttp;
    llhttp_init(&llhttp, HTTP_REQUEST, &settings);
    llhttp.data = &second;
    const char *start = (const char *)request.ptr;
    llhttp_errno_t code = llhttp_execute(&llhttp, start, request.len);
    HF_ASSERT(code == HPE_OK ||
              (code == HPE_PAUSED_UPGRADE && llhttp_get_error_pos(&llhttp) == start + request.len));
    HF_ASSERT(second.ends == 1 && llhttp.http_major == 1);
    HF_ASSERT(hf_bytes_eq(hf_bytes_of(second.body.ptr, second.body.len), body));
    hf_buf_free(&second.body);
}

static uint64_t next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

/* Feeds all of the bytes in pieces of 1 to `most`, each a copy of its own size. */
static void run(struct hf_bytes bytes, size_t most, uint64_t seed, struct seen *seen)
{
    struct hf_http_parser *parser = NULL;
    HF_ASSERT(hf_http_parser_new(&limits, &events, seen, &parser) == HF_OK);
    enum hf_rc rc = HF_OK;
    size_t at = 0;
    size_t begin = 0;
    size_t body = 0;
    while (at < bytes.len && rc == HF_OK) {
        size_t take = most == 0 ? bytes.len : 1 + next(&seed) % most;
        take = take < bytes.len - at ? take : bytes.len - at;
        void *copy = hf_heap_copy(bytes.ptr + at, take);
        int ends = seen->ends;
        size_t used = 0;
        HF_ASSERT(copy != NULL);
        rc = hf_http_parser_feed(parser, hf_bytes_of(copy, take), &used);
        hf_heap_free(copy);
        HF_ASSERT(rc == HF_OK || rc == HF_EINVAL);
        HF_ASSERT(used <= take && (rc != HF_OK || used == take || seen->ends == ends + 1));
        at += used;
        if (seen->ends > ends) {
            HF_ASSERT(hf_http_parser_state(parser) == HF_HTTP_IDLE);
            check_second(hf_bytes_of(bytes.ptr + begin, at - begin),
                         hf_bytes_of(seen->body.ptr + body, seen->body.len - body));
            begin = at;
            body = seen->body.len;
        }
    }
    int status = hf_http_parser_status(parser);
    enum hf_http_state state = hf_http_parser_state(parser);
    HF_ASSERT((rc == HF_EINVAL) == (status != 0) && (status != 0) == (state == HF_HTTP_REFUSED));
    put(&seen->log, hf_bytes_of(&status, sizeof status));
    put(&seen->log, hf_bytes_of(&state, sizeof state));
    at = status == 0 ? at : 0; /* means nothing after a refusal */
    put(&seen->log, hf_bytes_of(&at, sizeof at));
    put(&seen->log, hf_str_bytes(hf_str_c(hf_http_parser_reason(parser))));
    HF_ASSERT(seen->log.failed == HF_OK && seen->body.failed == HF_OK);
    hf_http_parser_free(parser);
}

static bool same(const struct hf_buf *a, const struct hf_buf *b)
{
    return hf_bytes_eq(hf_bytes_of(a->ptr, a->len), hf_bytes_of(b->ptr, b->len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t pieces[] = {1, 3, 40};
    uint64_t seed = size;
    for (size_t i = 0; i < size; i++) {
        seed = seed * 1099511628211u + data[i];
    }
    struct seen whole = {.log = hf_buf_init(SEEN_MAX), .body = hf_buf_init(SEEN_MAX)};
    run(hf_bytes_of(data, size), 0, seed, &whole);
    for (size_t i = 0; i < HF_LEN(pieces); i++) {
        struct seen split = {.log = hf_buf_init(SEEN_MAX), .body = hf_buf_init(SEEN_MAX)};
        run(hf_bytes_of(data, size), pieces[i], seed, &split);
        HF_ASSERT(same(&whole.log, &split.log) && same(&whole.body, &split.body));
        HF_ASSERT(whole.ends == split.ends);
        hf_buf_free(&split.log);
        hf_buf_free(&split.body);
    }
    hf_buf_free(&whole.log);
    hf_buf_free(&whole.body);
    return 0;
}
