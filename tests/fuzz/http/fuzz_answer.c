/* tests/fuzz/http/fuzz_answer.c: an HTTP answer is read the same however it is split, and its body
 * stays within its bound. */
#include "base/assert.h"
#include "base/http/answer_parser.h"

#define BODY_MAX 256

static enum hf_rc run(struct hf_bytes bytes, size_t piece, struct hf_buf *body, int *ret_status)
{
    struct hf_http_answer answer;
    enum hf_rc rc = HF_OK;
    *body = hf_buf_init(BODY_MAX);
    hf_http_answer_init(&answer, body);
    while (rc == HF_OK && bytes.len > 0) {
        size_t len = bytes.len < piece ? bytes.len : piece;
        rc = hf_http_answer_feed(&answer, hf_bytes_of(bytes.ptr, len));
        bytes = hf_bytes_of(bytes.ptr + len, bytes.len - len);
    }
    rc = rc == HF_OK ? hf_http_answer_end(&answer) : rc;
    HF_ASSERT(rc != HF_OK || (answer.status >= 200 && answer.status <= 599));
    HF_ASSERT(body->len <= BODY_MAX && answer.retry_after_s <= 86400);
    *ret_status = answer.status;
    hf_http_answer_free(&answer);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t pieces[] = {1, 3, 40};
    struct hf_bytes bytes = hf_bytes_of(data, size);
    struct hf_buf whole;
    int status = 0;
    enum hf_rc rc = run(bytes, size + 1, &whole, &status);
    for (size_t i = 0; i < HF_LEN(pieces); i++) {
        struct hf_buf split;
        int split_status = 0;
        HF_ASSERT(run(bytes, pieces[i], &split, &split_status) == rc);
        HF_ASSERT(rc != HF_OK || (status == split_status &&
                                  hf_bytes_eq(hf_buf_bytes(&whole), hf_buf_bytes(&split))));
        hf_buf_free(&split);
    }
    hf_buf_free(&whole);
    return 0;
}
