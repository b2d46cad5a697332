/* wrapper/redaction/stream.c: text on its way, with what is found taken out. */
#include "base/assert.h"
#include "base/heap.h"
#include "wrapper/redaction/redactor.h"

#define PIECE_MAX 16384 /* bytes of input that are looked at in one go */

struct hf_redaction_stream {
    struct hf_redactor *redactor;
    struct hf_redaction_sink sink;
    struct hf_redaction_counts counts;
    enum hf_rc failed;
    uint64_t begin;  /* position of window[0] in the text */
    uint8_t *window; /* what is not emitted yet */
    size_t len;
    size_t cap;
};

void hf_redaction_counts_add(struct hf_redaction_counts *io_sum,
                             const struct hf_redaction_counts *more)
{
    io_sum->texts += more->texts;
    io_sum->bytes += more->bytes;
    io_sum->failures += more->failures;
    io_sum->candidates += more->candidates;
    io_sum->refused += more->refused;
    for (size_t i = 0; i < HF_REDACTION_LAYERS; i++) {
        io_sum->matches[i] += more->matches[i];
    }
    if (more->held_bytes_max > io_sum->held_bytes_max) {
        io_sum->held_bytes_max = more->held_bytes_max;
    }
}

enum hf_rc hf_redaction_stream_open(struct hf_redactor *redactor,
                                    const struct hf_redaction_sink *sink,
                                    struct hf_redaction_stream **ret_stream, struct hf_err *err)
{
    struct hf_redaction_stream *stream = hf_heap_zalloc(1, sizeof *stream);
    if (stream == NULL) {
        (void)hf_err_set(err, HF_ENOMEM, "no memory to redact with");
        return HF_ENOMEM;
    }
    stream->redactor = hf_redactor_share(redactor);
    stream->sink = *sink;
    *ret_stream = stream;
    return HF_OK;
}

static enum hf_rc window_add(struct hf_redaction_stream *stream, struct hf_bytes bytes)
{
    if (stream->cap - stream->len < bytes.len) {
        size_t cap = stream->len + bytes.len + PIECE_MAX;
        uint8_t *window = hf_heap_alloc(cap);
        if (window == NULL) {
            return HF_ENOMEM;
        }
        if (stream->window != NULL) {
            memcpy(window, stream->window, stream->len);
            hf_wipe(stream->window, stream->cap);
            hf_heap_free(stream->window);
        }
        stream->window = window;
        stream->cap = cap;
    }
    if (bytes.len > 0) {
        memcpy(stream->window + stream->len, bytes.ptr, bytes.len);
        stream->len += bytes.len;
    }
    return HF_OK;
}

static enum hf_rc emit(struct hf_redaction_stream *stream, struct hf_bytes bytes)
{
    return bytes.len == 0 || stream->sink.emit == NULL ? HF_OK
                                                       : stream->sink.emit(stream->sink.arg, bytes);
}

static enum hf_rc replace(struct hf_redaction_stream *stream, const struct hf_known *known,
                          size_t at, size_t len)
{
    stream->counts.matches[HF_REDACTION_KNOWN]++;
    struct hf_str placeholder = hf_placeholder_str(&known->placeholder);
    if (stream->sink.found != NULL) {
        struct hf_redaction_span span = {stream->begin + at, len,         HF_REDACTION_KNOWN,
                                         known->kind,        known->name, placeholder};
        enum hf_rc rc = stream->sink.found(stream->sink.arg, &span);
        if (rc != HF_OK) {
            return rc;
        }
    }
    return emit(stream, hf_str_bytes(placeholder));
}

/* The longest registered secret at this place; *ret_more when the window ends within one. */
static const struct hf_known *known_at(const struct hf_redactor *redactor, struct hf_bytes rest,
                                       bool *ret_more)
{
    const struct hf_known *best = NULL;
    *ret_more = false;
    for (size_t i = 0; i < redactor->known_count; i++) {
        const struct hf_known *known = &redactor->known[i];
        struct hf_bytes value = hf_secret_reveal(&known->value);
        size_t common = value.len < rest.len ? value.len : rest.len;
        if (memcmp(value.ptr, rest.ptr, common) != 0) {
            continue;
        }
        if (common < value.len) {
            *ret_more = true;
        } else if (best == NULL || value.len > hf_secret_reveal(&best->value).len) {
            best = known;
        }
    }
    return best;
}

/* Decides as much of the window as can be decided. */
static enum hf_rc advance(struct hf_redaction_stream *stream, bool final)
{
    size_t done = 0; /* before it, everything is emitted */
    size_t at = 0;
    enum hf_rc rc = HF_OK;
    while (rc == HF_OK && at < stream->len) {
        bool more;
        struct hf_bytes rest = hf_bytes_of(stream->window + at, stream->len - at);
        const struct hf_known *known = known_at(stream->redactor, rest, &more);
        if (more && !final) {
            break;
        }
        if (known == NULL) {
            at++;
            continue;
        }
        size_t len = hf_secret_reveal(&known->value).len;
        rc = emit(stream, hf_bytes_of(stream->window + done, at - done));
        rc = rc == HF_OK ? replace(stream, known, at, len) : rc;
        at += len;
        done = at;
    }
    if (rc == HF_OK && at > done) {
        rc = emit(stream, hf_bytes_of(stream->window + done, at - done));
    }
    memmove(stream->window, stream->window + at, stream->len - at);
    stream->len -= at;
    stream->begin += at;
    if (stream->len > stream->counts.held_bytes_max) {
        stream->counts.held_bytes_max = stream->len;
    }
    return rc;
}

static enum hf_rc fail(struct hf_redaction_stream *stream, enum hf_rc rc, struct hf_err *err)
{
    if (stream->failed == HF_OK) {
        stream->failed = rc;
        stream->counts.failures++;
    }
    return hf_err_set(err, rc, "redaction stopped: %s; nothing more of this text is let through",
                      hf_rc_text(rc));
}

enum hf_rc hf_redaction_feed(struct hf_redaction_stream *stream, struct hf_bytes bytes,
                             struct hf_err *err)
{
    enum hf_rc rc = stream->failed;
    while (rc == HF_OK && bytes.len > 0) {
        size_t len = bytes.len < PIECE_MAX ? bytes.len : PIECE_MAX;
        rc = window_add(stream, hf_bytes_of(bytes.ptr, len));
        if (rc == HF_OK) {
            stream->counts.bytes += len;
            rc = advance(stream, false);
        }
        bytes = hf_bytes_of(bytes.ptr + len, bytes.len - len);
    }
    return rc == HF_OK ? HF_OK : fail(stream, rc, err);
}

enum hf_rc hf_redaction_end(struct hf_redaction_stream *stream, struct hf_err *err)
{
    enum hf_rc rc = stream->failed != HF_OK ? stream->failed : advance(stream, true);
    if (rc != HF_OK) {
        return fail(stream, rc, err);
    }
    stream->counts.texts++;
    hf_redaction_reset(stream);
    return HF_OK;
}

void hf_redaction_reset(struct hf_redaction_stream *stream)
{
    if (stream->window != NULL) {
        hf_wipe(stream->window, stream->cap);
    }
    stream->failed = HF_OK;
    stream->len = 0;
    stream->begin = 0;
}

size_t hf_redaction_held(const struct hf_redaction_stream *stream)
{
    return stream->len;
}

const struct hf_redaction_counts *hf_redaction_counts(const struct hf_redaction_stream *stream)
{
    return &stream->counts;
}

void hf_redaction_stream_close(struct hf_redaction_stream *stream)
{
    if (stream == NULL) {
        return;
    }
    hf_redaction_reset(stream);
    hf_heap_free(stream->window);
    hf_redactor_free(stream->redactor);
    hf_heap_free(stream);
}

enum hf_rc hf_redact(struct hf_redactor *redactor, struct hf_bytes text,
                     const struct hf_redaction_sink *sink, struct hf_redaction_counts *io_sum,
                     struct hf_err *err)
{
    struct hf_redaction_stream *stream;
    enum hf_rc rc = hf_redaction_stream_open(redactor, sink, &stream, err);
    if (rc != HF_OK) {
        return rc;
    }
    rc = hf_redaction_feed(stream, text, err);
    rc = rc == HF_OK ? hf_redaction_end(stream, err) : rc;
    if (io_sum != NULL) {
        hf_redaction_counts_add(io_sum, &stream->counts);
    }
    hf_redaction_stream_close(stream);
    return rc;
}

enum hf_rc hf_redaction_scan(struct hf_redactor *redactor, struct hf_bytes text,
                             const struct hf_redaction_sink *sink, uint64_t *ret_found,
                             struct hf_err *err)
{
    struct hf_redaction_counts counts = {0};
    enum hf_rc rc = hf_redact(redactor, text, sink, &counts, err);
    if (rc == HF_OK) {
        *ret_found = counts.matches[HF_REDACTION_KNOWN] + counts.matches[HF_REDACTION_TOKEN];
    }
    return rc;
}
