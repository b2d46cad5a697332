/* base/http/answer_parser.c: status line, fields and body of one HTTP/1.1 answer. */
#include "base/http/answer_parser.h"

#include "base/parse.h"

#define RETRY_MAX 86400

void hf_http_answer_init(struct hf_http_answer *answer, struct hf_buf *body)
{
    *answer = (struct hf_http_answer){.body = body};
    answer->head = hf_buf_init(HF_HTTP_ANSWER_HEAD_MAX);
}

void hf_http_answer_free(struct hf_http_answer *answer)
{
    hf_buf_free(&answer->head);
}

/* "HTTP/1.1 200 OK"; the reason is for people. */
static enum hf_rc read_status(struct hf_http_answer *answer, struct hf_str line)
{
    uint64_t status = 0;
    if (line.len < sizeof "HTTP/1.1 200" - 1 || memcmp(line.ptr, "HTTP/1.", 7) != 0 ||
        (line.ptr[7] != '0' && line.ptr[7] != '1') || line.ptr[8] != ' ' ||
        (line.len > 12 && line.ptr[12] != ' ') ||
        hf_parse_u64((struct hf_str){line.ptr + 9, 3}, 100, 599, &status) != HF_OK) {
        return HF_EINVAL;
    }
    answer->status = (int)status;
    answer->closes = line.ptr[7] == '0';
    return HF_OK;
}

static bool name_is(struct hf_str name, const char *lower)
{
    return hf_http_name_eq(hf_str_bytes(name), lower);
}

static enum hf_rc read_field(struct hf_http_answer *answer, struct hf_str line)
{
    const char *colon = memchr(line.ptr, ':', line.len);
    if (colon == NULL || colon == line.ptr) {
        return HF_EINVAL;
    }
    struct hf_str name = {line.ptr, (size_t)(colon - line.ptr)};
    struct hf_str value = {colon + 1, line.len - name.len - 1};
    for (size_t i = 0; i < name.len; i++) {
        if (!hf_http_is_token((uint8_t)name.ptr[i])) {
            return HF_EINVAL;
        }
    }
    while (value.len > 0 && (*value.ptr == ' ' || *value.ptr == '\t')) {
        value = (struct hf_str){value.ptr + 1, value.len - 1};
    }
    while (value.len > 0 && (value.ptr[value.len - 1] == ' ' || value.ptr[value.len - 1] == '\t')) {
        value.len--;
    }
    uint64_t retry = 0;
    if (name_is(name, "content-length")) {
        bool again = answer->has_length || answer->chunked;
        answer->has_length = true;
        return again ? HF_EINVAL : hf_parse_u64(value, 0, INT64_MAX, &answer->left);
    }
    if (name_is(name, "transfer-encoding")) {
        bool again = answer->has_length || answer->chunked;
        answer->chunked = true;
        return again || !name_is(value, "chunked") ? HF_EINVAL : HF_OK;
    }
    if (name_is(name, "connection") && !name_is(value, "keep-alive")) {
        answer->closes = true; /* or a list of fields, which none of our servers sends */
    }
    if (name_is(name, "retry-after") && hf_parse_u64(value, 0, RETRY_MAX, &retry) == HF_OK) {
        answer->retry_after_s = (uint32_t)retry;
    }
    return HF_OK;
}

static void begin_body(struct hf_http_answer *answer)
{
    if (answer->status == 204 || answer->status == 304) {
        answer->state = HF_HTTP_ANSWER_DONE;
    } else if (answer->chunked) {
        const struct hf_http_limits limits = {.body_max = INT64_MAX, .framing_max = 1u << 20};
        hf_chunk_scan_init(&answer->chunks, &limits);
        answer->state = HF_HTTP_ANSWER_CHUNKS;
    } else if (answer->has_length) {
        answer->state = answer->left == 0 ? HF_HTTP_ANSWER_DONE : HF_HTTP_ANSWER_LENGTH;
    } else {
        answer->state = HF_HTTP_ANSWER_OPEN;
    }
}

/* The head is there, up to and with its empty line. */
static enum hf_rc read_head(struct hf_http_answer *answer)
{
    struct hf_str rest = hf_bytes_str(hf_buf_bytes(&answer->head));
    enum hf_rc rc = HF_OK;
    answer->has_length = false;
    answer->chunked = false;
    answer->retry_after_s = 0;
    for (bool first = true; rc == HF_OK && rest.len > 2; first = false) {
        const char *end = memchr(rest.ptr, '\n', rest.len);
        struct hf_str line = {rest.ptr, (size_t)(end - rest.ptr) - 1};
        if (line.ptr[line.len] != '\r' || memchr(line.ptr, '\r', line.len) != NULL ||
            memchr(line.ptr, '\0', line.len) != NULL) {
            return HF_EINVAL;
        }
        rc = first ? read_status(answer, line) : read_field(answer, line);
        rest = (struct hf_str){end + 1, rest.len - line.len - 2};
    }
    hf_buf_clear(&answer->head);
    if (rc != HF_OK) {
        return HF_EINVAL;
    }
    if (answer->status >= 200) {
        begin_body(answer);
    }
    return HF_OK;
}

/* A byte at a time: a head is short, and may end in the middle of what came. */
static enum hf_rc feed_head(struct hf_http_answer *answer, struct hf_bytes *bytes)
{
    while (bytes->len > 0) {
        uint8_t c = *bytes->ptr;
        struct hf_buf *head = &answer->head;
        *bytes = (struct hf_bytes){bytes->ptr + 1, bytes->len - 1};
        if (++answer->heads > HF_HTTP_ANSWER_HEAD_MAX ||
            (c == '\n' && (head->len == 0 || head->ptr[head->len - 1] != '\r'))) {
            return HF_EINVAL;
        }
        hf_buf_put(head, &c, 1);
        if (head->failed != HF_OK) {
            return head->failed;
        }
        if (c == '\n' && head->len >= 4 && memcmp(head->ptr + head->len - 4, "\r\n\r\n", 4) == 0) {
            return read_head(answer);
        }
    }
    return HF_OK;
}

static enum hf_rc feed_chunks(struct hf_http_answer *answer, struct hf_bytes *bytes)
{
    struct hf_bytes data = {NULL, 0};
    size_t used = hf_chunk_scan_feed(&answer->chunks, *bytes, &data);
    hf_buf_put(answer->body, data.ptr, data.len);
    *bytes = (struct hf_bytes){bytes->ptr + used, bytes->len - used};
    if (answer->chunks.refusal.status != 0) {
        return HF_EINVAL;
    }
    if (answer->chunks.state == HF_CHUNK_DONE) {
        answer->state = HF_HTTP_ANSWER_DONE;
    }
    return answer->body->failed;
}

static enum hf_rc feed_plain(struct hf_http_answer *answer, struct hf_bytes *bytes)
{
    bool counted = answer->state == HF_HTTP_ANSWER_LENGTH;
    size_t take = counted && answer->left < bytes->len ? (size_t)answer->left : bytes->len;
    hf_buf_put(answer->body, bytes->ptr, take);
    *bytes = (struct hf_bytes){bytes->ptr + take, bytes->len - take};
    if (counted) {
        answer->left -= take;
        answer->state = answer->left == 0 ? HF_HTTP_ANSWER_DONE : answer->state;
    }
    return answer->body->failed;
}

enum hf_rc hf_http_answer_feed(struct hf_http_answer *answer, struct hf_bytes bytes)
{
    enum hf_rc rc = HF_OK;
    while (rc == HF_OK && bytes.len > 0) {
        switch (answer->state) {
        case HF_HTTP_ANSWER_HEAD: rc = feed_head(answer, &bytes); break;
        case HF_HTTP_ANSWER_CHUNKS: rc = feed_chunks(answer, &bytes); break;
        case HF_HTTP_ANSWER_LENGTH:
        case HF_HTTP_ANSWER_OPEN: rc = feed_plain(answer, &bytes); break;
        case HF_HTTP_ANSWER_DONE:
            answer->closes = true;
            bytes.len = 0;
            break;
        }
    }
    answer->keeps = rc == HF_OK && answer->state == HF_HTTP_ANSWER_DONE && !answer->closes;
    return rc;
}

bool hf_http_answer_untouched(const struct hf_http_answer *answer)
{
    return answer->heads == 0;
}

enum hf_rc hf_http_answer_end(struct hf_http_answer *answer)
{
    if (answer->state == HF_HTTP_ANSWER_OPEN) {
        answer->state = HF_HTTP_ANSWER_DONE;
    }
    return answer->state == HF_HTTP_ANSWER_DONE ? HF_OK : HF_EIO;
}
