/* tests/fuzz/http/fuzz_request.c: how bytes are cut never changes what a request is. The first byte
 * of the input seeds the cuts. (That llhttp accepts what we accept holds by construction: it reads
 * along.) */
#include "base/assert.h"
#include "base/http/request_parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum hf_rc on_head(void *ctx, const struct hf_http_request *request)
{
    struct hf_buf *text = ctx;
    hf_buf_printf(text, "%.*s %.*s %d %d %llu %d\n", HF_STR_ARG(hf_bytes_str(request->method)),
                  HF_STR_ARG(hf_bytes_str(request->target)), request->minor, request->keep_alive,
                  (unsigned long long)request->length, request->chunked);
    for (int i = 0; i < request->field_count; i++) {
        hf_buf_put(text, request->fields[i].name.ptr, request->fields[i].name.len);
        hf_buf_put(text, request->fields[i].value.ptr, request->fields[i].value.len);
    }
    HF_ASSERT(request->host.len > 0);
    HF_ASSERT(!(request->chunked && request->has_length));
    return HF_OK;
}

static enum hf_rc on_body(void *ctx, struct hf_bytes data)
{
    hf_buf_put(ctx, data.ptr, data.len);
    return HF_OK;
}

static enum hf_rc on_end(void *ctx)
{
    hf_buf_str(ctx, HF_STR("|"));
    return HF_OK;
}

static int run(struct hf_bytes bytes, uint32_t seed, struct hf_buf *text)
{
    static const struct hf_http_limits limits = {
        .head_max = 2048, .target_max = 512, .body_max = 4096, .framing_max = 64};
    static const struct hf_http_events events = {on_head, on_body, on_end};
    struct hf_http_parser *parser = NULL;
    HF_ASSERT(hf_http_parser_new(&limits, &events, text, &parser) == HF_OK);
    enum hf_rc rc = HF_OK;
    for (size_t at = 0; rc == HF_OK && at < bytes.len;) {
        size_t len = bytes.len - at;
        if (seed != 0) {
            seed = seed * 1664525 + 1013904223;
            size_t most = 1 + (seed >> 24) % 16;
            len = len < most ? len : most;
        }
        size_t used = 0;
        rc = hf_http_parser_feed(parser, hf_bytes_of(bytes.ptr + at, len), &used);
        HF_ASSERT(used <= len && (rc != HF_OK || used > 0));
        at += used;
    }
    int status = hf_http_parser_status(parser);
    hf_http_parser_free(parser);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    struct hf_bytes bytes = hf_bytes_of(data + 1, size - 1);
    struct hf_buf whole = hf_buf_init(1u << 20);
    struct hf_buf cut = hf_buf_init(1u << 20);
    int a = run(bytes, 0, &whole);
    int b = run(bytes, 1 + (uint32_t)data[0], &cut);
    HF_ASSERT(a == b && hf_bytes_eq(hf_buf_bytes(&whole), hf_buf_bytes(&cut)));
    hf_buf_free(&whole);
    hf_buf_free(&cut);
    return 0;
}
