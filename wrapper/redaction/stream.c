/* wrapper/redaction/stream.c: text on its way, with what is found taken out.
 *
 *   past | begin ... cursor ...... limit ... end      past: 16 bytes that left edges are judged by
 *
 * What is looked at is the piece of input itself when nothing is held, else what is held with the
 * piece behind it. Before `cursor` everything is emitted or replaced. From `limit` on an anchor
 * may have begun that the engine does not know yet, so candidates are decided in the order of the
 * text up to there: then no earlier one can come any more. What is left over is held.
 */
#include "base/assert.h"
#include "base/heap.h"
#include "wrapper/redaction/candidate.h"

#define PIECE_MAX      16384  /* bytes of input that are looked at in one go */
#define CANDIDATES_MAX 262144 /* three for each byte that can be held and looked at */

struct hf_redaction_stream {
    struct hf_redactor *redactor;
    struct hf_redaction_sink sink;
    struct hf_redaction_counts counts;
    struct hf_scanner *scanner; /* NULL when there is nothing to look for */
    enum hf_rc failed;
    struct hf_view view; /* during a call: what is looked at */
    uint64_t begin;      /* its position in the text, between calls that of the window */
    uint64_t cursor;
    uint64_t limit;
    uint64_t allowed; /* before it, tokens are let pass */
    uint8_t past[HF_SHAPE_LEFT_MAX];
    size_t past_len;
    uint8_t *window; /* what is held */
    size_t len;
    size_t cap;
    struct hf_candidate *candidates; /* undecided ones, in the order of their positions */
    size_t candidate_count;
    size_t candidate_cap;
};

enum hf_rc hf_redaction_stream_open(struct hf_redactor *redactor,
                                    const struct hf_redaction_sink *sink,
                                    struct hf_redaction_stream **ret_stream, struct hf_err *err)
{
    struct hf_redaction_stream *stream = hf_heap_zalloc(1, sizeof *stream);
    enum hf_rc rc = stream == NULL ? HF_ENOMEM : HF_OK;
    if (rc == HF_OK && redactor->anchors.engine != NULL) {
        rc = hf_scanner_new(redactor->anchors.engine, &stream->scanner);
    }
    if (rc != HF_OK) {
        hf_heap_free(stream);
        (void)hf_err_set(err, rc, "no memory to redact with");
        return rc;
    }
    stream->redactor = hf_redactor_share(redactor);
    stream->sink = *sink;
    *ret_stream = stream;
    return HF_OK;
}

static enum hf_rc window_add(struct hf_redaction_stream *stream, struct hf_bytes bytes)
{
    if (stream->cap - stream->len < bytes.len) {
        size_t cap = 2 * stream->len + bytes.len;
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
    memcpy(stream->window + stream->len, bytes.ptr, bytes.len);
    stream->len += bytes.len;
    return HF_OK;
}

/* -- candidates -- */

static enum hf_rc on_hit(void *arg, const struct hf_hit *hit)
{
    struct hf_redaction_stream *stream = arg;
    uint64_t at = hit->end - stream->redactor->anchors.anchors[hit->id].width;
    if (at < stream->limit) {
        return HF_OK; /* what stands before it had ruled it out: its bytes may be gone */
    }
    if (stream->candidate_count == stream->candidate_cap) {
        size_t cap = stream->candidate_cap == 0 ? 16 : 2 * stream->candidate_cap;
        struct hf_candidate *more =
            cap > CANDIDATES_MAX
                ? NULL
                : hf_heap_resize(stream->candidates, cap, sizeof *stream->candidates);
        if (more == NULL) {
            return cap > CANDIDATES_MAX ? HF_ETOOBIG : HF_ENOMEM;
        }
        stream->candidates = more;
        stream->candidate_cap = cap;
    }
    /* Hits come in the order of their ends, so that hardly ever more than one has to make room. */
    size_t to = stream->candidate_count++;
    for (; to > 0 && stream->candidates[to - 1].at > at; to--) {
        stream->candidates[to] = stream->candidates[to - 1];
    }
    stream->candidates[to] = (struct hf_candidate){.at = at, .anchor = hit->id};
    return HF_OK;
}

static void drop_candidates(struct hf_redaction_stream *stream, size_t count)
{
    stream->candidate_count -= count;
    if (count > 0 && stream->candidate_count > 0) {
        memmove(stream->candidates, stream->candidates + count,
                stream->candidate_count * sizeof *stream->candidates);
    }
}

/* What begins at the place of the candidates [first, ret_next): the longest match there, registered
 * secrets first. HF_MATCH_MORE when one of them needs more bytes. */
static struct hf_verdict decide_place(struct hf_redaction_stream *stream, size_t first, bool final,
                                      size_t *ret_next)
{
    uint64_t at = stream->candidates[first].at;
    HF_ASSERT(at >= stream->begin);
    size_t offset = (size_t)(at - stream->begin);
    uint8_t scratch[2 * HF_SHAPE_LEFT_MAX];
    struct hf_bytes before = hf_view_before(&stream->view, offset, scratch);
    struct hf_bytes all = stream->view.bytes;
    struct hf_bytes bytes = {all.ptr + offset, all.len - offset};
    struct hf_verdict best = {.match = HF_MATCH_NO};
    size_t next = first;
    for (; next < stream->candidate_count && stream->candidates[next].at == at; next++) {
        struct hf_verdict one;
        hf_candidate_decide(stream->redactor, &stream->candidates[next], before, bytes, final,
                            &one);
        if (one.match == HF_MATCH_MORE) {
            return one;
        }
        bool longer = one.len > best.len || (one.len == best.len && one.layer < best.layer);
        if (one.match == HF_MATCH_YES && (best.match != HF_MATCH_YES || longer)) {
            best = one;
        }
    }
    *ret_next = next;
    stream->counts.candidates++;
    stream->counts.refused += best.match == HF_MATCH_NO;
    return best;
}

/* -- output -- */

static enum hf_rc emit(struct hf_redaction_stream *stream, struct hf_bytes bytes)
{
    return bytes.len == 0 || stream->sink.emit == NULL ? HF_OK
                                                       : stream->sink.emit(stream->sink.arg, bytes);
}

/* What is not emitted yet, up to `end`, goes out as it is. */
static enum hf_rc emit_until(struct hf_redaction_stream *stream, uint64_t end)
{
    if (end <= stream->cursor) {
        return HF_OK;
    }
    struct hf_bytes bytes = {stream->view.bytes.ptr + (stream->cursor - stream->begin),
                             (size_t)(end - stream->cursor)};
    stream->cursor = end;
    return emit(stream, bytes);
}

static enum hf_rc report(struct hf_redaction_stream *stream, const struct hf_redaction_span *span)
{
    stream->counts.matches[span->layer]++;
    return stream->sink.found == NULL ? HF_OK : stream->sink.found(stream->sink.arg, span);
}

static enum hf_rc apply(struct hf_redaction_stream *stream, uint64_t at,
                        const struct hf_verdict *verdict)
{
    const struct hf_redactor *redactor = stream->redactor;
    struct hf_redaction_span span = {
        at + verdict->keep, verdict->len - verdict->keep, verdict->layer, {0}, {0}, {0}};
    struct hf_placeholder made;
    if (verdict->layer == HF_REDACTION_KNOWN) {
        const struct hf_known *known = &redactor->known[verdict->which];
        span.kind = known->kind;
        span.name = known->name;
        span.placeholder = hf_placeholder_str(&known->placeholder);
    } else {
        span.kind = hf_str_c(hf_shapes[verdict->which].kind);
        span.name = hf_str_c(hf_shapes[verdict->which].name);
    }
    uint64_t end = at + verdict->len;
    if (verdict->layer == HF_REDACTION_ALLOW) {
        stream->allowed = end;
        return report(stream, &span);
    }
    if (end <= stream->cursor || (verdict->layer == HF_REDACTION_TOKEN && at < stream->allowed)) {
        return HF_OK; /* within what is replaced, or let pass, already */
    }
    if (verdict->layer == HF_REDACTION_TOKEN) {
        const uint8_t *value = stream->view.bytes.ptr + (span.at - stream->begin);
        hf_placeholder_make(hf_redactor_key(redactor), span.kind,
                            hf_bytes_of(value, (size_t)span.len), &made);
        span.placeholder = hf_placeholder_str(&made);
    }
    enum hf_rc rc = emit_until(stream, span.at);
    rc = rc == HF_OK ? report(stream, &span) : rc;
    rc = rc == HF_OK ? emit(stream, hf_str_bytes(span.placeholder)) : rc;
    stream->cursor = end;
    return rc;
}

/* Keeps of the view what something may still depend on: in the window, and 16 bytes before. */
static enum hf_rc keep(struct hf_redaction_stream *stream)
{
    uint64_t from = stream->cursor < stream->limit ? stream->cursor : stream->limit;
    if (stream->candidate_count > 0 && stream->candidates[0].at < from) {
        from = stream->candidates[0].at;
    }
    size_t gone = (size_t)(from - stream->begin);
    uint8_t scratch[2 * HF_SHAPE_LEFT_MAX];
    struct hf_bytes all = stream->view.bytes;
    struct hf_bytes past = hf_view_before(&stream->view, gone, scratch);
    size_t skip = past.len > HF_SHAPE_LEFT_MAX ? past.len - HF_SHAPE_LEFT_MAX : 0;
    memmove(stream->past, past.ptr + skip, past.len - skip);
    stream->past_len = past.len - skip;
    stream->begin = from;
    struct hf_bytes rest = {all.ptr + gone, all.len - gone};
    enum hf_rc rc = HF_OK;
    if (all.ptr == stream->window && rest.len > 0) {
        memmove(stream->window, rest.ptr, rest.len);
        stream->len = rest.len;
    } else {
        stream->len = 0;
        rc = rest.len > 0 ? window_add(stream, rest) : HF_OK;
    }
    size_t held = hf_redaction_held(stream);
    if (held > stream->counts.held_bytes_max) {
        stream->counts.held_bytes_max = held;
    }
    return rc;
}

/* Decides as much of the window as can be decided. */
static enum hf_rc advance(struct hf_redaction_stream *stream, bool final)
{
    if (final) {
        stream->limit = stream->begin + stream->view.bytes.len;
    } else {
        size_t from = (size_t)(stream->limit - stream->begin);
        stream->limit =
            stream->begin + hf_anchors_partial(&stream->redactor->anchors, &stream->view, from);
    }
    enum hf_rc rc = HF_OK;
    size_t next = 0;
    uint64_t stop = stream->limit;
    while (rc == HF_OK && next < stream->candidate_count) {
        uint64_t at = stream->candidates[next].at;
        if (at >= stream->limit) {
            break;
        }
        struct hf_verdict verdict = decide_place(stream, next, final, &next);
        if (verdict.match == HF_MATCH_MORE) {
            stop = at;
            break;
        }
        rc = verdict.match == HF_MATCH_YES ? apply(stream, at, &verdict) : HF_OK;
    }
    drop_candidates(stream, next);
    rc = rc == HF_OK ? emit_until(stream, stop) : rc;
    return rc == HF_OK ? keep(stream) : rc;
}

static void look_at(struct hf_redaction_stream *stream, struct hf_bytes bytes)
{
    stream->view.bytes = bytes;
    stream->view.past = hf_bytes_of(stream->past, stream->past_len);
}

/* With many secrets hardly any byte begins none of them, so something is held most of the time; the
 * next bytes nearly always show that nothing has begun. Then it goes out, and what follows need not
 * be copied behind it: anchors that begin in the window are known once there are HF_ANCHOR_MAX more
 * bytes. */
static enum hf_rc settle(struct hf_redaction_stream *stream, size_t more)
{
    uint64_t end = stream->begin + stream->len;
    bool begun = stream->candidate_count > 0 && stream->candidates[0].at < end;
    if (stream->len == 0 || begun || more < HF_ANCHOR_MAX) {
        return HF_OK;
    }
    look_at(stream, hf_bytes_of(stream->window, stream->len));
    stream->limit = end;
    enum hf_rc rc = emit_until(stream, end);
    return rc == HF_OK ? keep(stream) : rc;
}

static enum hf_rc piece(struct hf_redaction_stream *stream, struct hf_bytes bytes)
{
    enum hf_rc rc = HF_OK;
    if (stream->scanner != NULL) {
        rc = hf_scanner_feed(stream->scanner, bytes, on_hit, stream);
    }
    stream->counts.bytes += bytes.len;
    rc = rc == HF_OK ? settle(stream, bytes.len) : rc;
    bool held = stream->len > 0;
    rc = rc == HF_OK && held ? window_add(stream, bytes) : rc;
    if (rc != HF_OK) {
        return rc;
    }
    look_at(stream, held ? hf_bytes_of(stream->window, stream->len) : bytes);
    return advance(stream, false);
}

static enum hf_rc finish(struct hf_redaction_stream *stream)
{
    look_at(stream, stream->len == 0 ? HF_BYTES("") : hf_bytes_of(stream->window, stream->len));
    return advance(stream, true);
}

static enum hf_rc fail(struct hf_redaction_stream *stream, enum hf_rc rc, struct hf_err *err)
{
    if (stream->failed == HF_OK) {
        stream->failed = rc;
        stream->counts.failures++;
    }
    (void)hf_err_set(err, rc, "redaction stopped: %s; nothing more of this text is let through",
                     hf_rc_text(rc));
    return rc;
}

enum hf_rc hf_redaction_feed(struct hf_redaction_stream *stream, struct hf_bytes bytes,
                             struct hf_err *err)
{
    enum hf_rc rc = stream->failed;
    while (rc == HF_OK && bytes.len > 0) {
        size_t len = bytes.len < PIECE_MAX ? bytes.len : PIECE_MAX;
        rc = piece(stream, hf_bytes_of(bytes.ptr, len));
        bytes = hf_bytes_of(bytes.ptr + len, bytes.len - len);
    }
    return rc == HF_OK ? HF_OK : fail(stream, rc, err);
}

enum hf_rc hf_redaction_end(struct hf_redaction_stream *stream, struct hf_err *err)
{
    enum hf_rc rc = stream->failed != HF_OK ? stream->failed : finish(stream);
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
        hf_wipe(stream->window, stream->len);
    }
    hf_wipe(stream->past, sizeof stream->past);
    stream->past_len = 0;
    stream->failed = stream->scanner == NULL ? HF_OK : hf_scanner_reset(stream->scanner);
    stream->candidate_count = 0;
    stream->len = 0;
    stream->begin = 0;
    stream->cursor = 0;
    stream->limit = 0;
    stream->allowed = 0;
}

size_t hf_redaction_held(const struct hf_redaction_stream *stream)
{
    return (size_t)(stream->begin + stream->len - stream->cursor);
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
    if (stream->window != NULL) {
        hf_wipe(stream->window, stream->cap);
    }
    hf_wipe(stream->past, sizeof stream->past);
    hf_scanner_free(stream->scanner);
    hf_heap_free(stream->candidates);
    hf_heap_free(stream->window);
    hf_redactor_free(stream->redactor);
    hf_heap_free(stream);
}
