/* wrapper/redaction/anchors.c: spellings and shapes become anchors, a filter, and an engine. */
#include "wrapper/redaction/anchors.h"

#include "base/assert.h"
#include "base/heap.h"

static size_t width_of(const struct hf_literal *literal)
{
    return literal->bytes.len < HF_ANCHOR_USUAL ? literal->bytes.len : HF_ANCHOR_USUAL;
}

/* -- the filter -- */

#define FRONTS_MAX 4096 /* of four bytes; more of one shape would fill the filter */

/* Of three or four bytes. */
static uint32_t hash_of(const uint8_t *p, size_t len)
{
    uint32_t value = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
    value ^= len > 3 ? (uint32_t)p[3] << 24 : 0;
    return value * UINT32_C(0x85EBCA6B) >> 14; /* 18 bits: few by chance */
}

static void mark(uint64_t *bits, size_t at)
{
    bits[at >> 6] |= UINT64_C(1) << (at & 63);
}

static bool marked(const uint64_t *bits, size_t at)
{
    return (bits[at >> 6] >> (at & 63) & 1) != 0;
}

enum {
    LITERAL,
    SHAPE
};

static void mark_front(struct hf_anchors *anchors, const uint8_t *p, size_t len, int whose)
{
    hf_byte_set_add(&anchors->firsts[whose], p[0], p[0]);
    mark(anchors->pairs[whose], (size_t)p[0] << 8 | p[1]);
    if (len == 4) {
        mark(anchors->longer, hash_of(p, 3));
        mark(anchors->longer, hash_of(p, 4));
    }
}

/* All fronts of `len` bytes that a pattern can have, like the numbers of an odometer. */
static void mark_fronts(struct hf_anchors *anchors, const struct hf_pattern *pattern, size_t len)
{
    uint8_t front[4] = {0};
    size_t at = 0;
    for (;;) {
        if (hf_byte_set_has(&pattern->anchor[at], front[at])) {
            if (at + 1 < len) {
                front[++at] = 0;
                continue;
            }
            mark_front(anchors, front, len, SHAPE);
        }
        while (front[at] == 255) {
            if (at == 0) {
                return;
            }
            at--;
        }
        front[at]++;
    }
}

static void mark_pattern(struct hf_anchors *anchors, uint16_t which)
{
    const struct hf_pattern *pattern = &anchors->patterns[which];
    HF_ASSERT(pattern->anchor_len >= 4);
    size_t fronts = 1;
    for (size_t i = 0; i < 4; i++) {
        fronts *= hf_byte_set_size(&pattern->anchor[i]);
    }
    bool wide = fronts > FRONTS_MAX || pattern->anchor_len > HF_ANCHOR_USUAL;
    mark_fronts(anchors, pattern, wide ? 2 : 4);
    if (!wide) {
        return;
    }
    HF_ASSERT(anchors->wide_count < HF_LEN(anchors->wide));
    anchors->wide[anchors->wide_count++] = which;
    for (size_t k = 0; k < 4; k++) {
        anchors->wide_firsts.bits[k] |= pattern->anchor[0].bits[k];
    }
    for (size_t i = 0; i < pattern->anchor_len && pattern->anchor_len > HF_ANCHOR_USUAL; i++) {
        for (size_t k = 0; k < 4; k++) {
            anchors->long_bytes.bits[k] |= pattern->anchor[i].bits[k];
        }
    }
}

static enum hf_rc make_filter(struct hf_anchors *anchors)
{
    for (size_t i = 0; i < anchors->literals.count; i++) {
        mark_front(anchors, anchors->literals.items[i].bytes.ptr, 4, LITERAL);
    }
    anchors->by_first = hf_heap_zalloc(anchors->pattern_count * 256 + 1, sizeof(uint16_t));
    if (anchors->by_first == NULL) {
        return HF_ENOMEM;
    }
    uint16_t count = 0;
    for (unsigned byte = 0; byte < 256; byte++) {
        anchors->begins[byte] = count;
        for (size_t i = 0; i < anchors->pattern_count; i++) {
            if (hf_byte_set_has(&anchors->patterns[i].anchor[0], (uint8_t)byte)) {
                anchors->by_first[count++] = (uint16_t)i;
            }
        }
    }
    anchors->begins[256] = count;
    for (size_t i = 0; i < anchors->pattern_count; i++) {
        mark_pattern(anchors, (uint16_t)i);
    }
    return HF_OK;
}

/* -- anchors and the engine -- */

static void list_anchors(struct hf_anchors *anchors)
{
    for (size_t i = 0; i < anchors->literals.count; i++) {
        const struct hf_literal *literal = &anchors->literals.items[i];
        size_t width = width_of(literal);
        struct hf_anchor *last =
            anchors->anchor_count > 0 ? &anchors->anchors[anchors->anchor_count - 1] : NULL;
        if (last != NULL && last->width == width &&
            memcmp(anchors->literals.items[last->first].bytes.ptr, literal->bytes.ptr, width) ==
                0) {
            last->count++; /* in the order of bytes, all that begin the same are neighbours */
            continue;
        }
        anchors->anchors[anchors->anchor_count++] =
            (struct hf_anchor){(uint32_t)i, 1, (uint32_t)width};
    }
    for (size_t i = 0; i < anchors->pattern_count; i++) {
        anchors->anchors[anchors->anchor_count++] =
            (struct hf_anchor){(uint32_t)i, 0, anchors->patterns[i].anchor_len};
    }
}

static size_t expressions_of(const struct hf_anchors *anchors, const struct hf_anchor *anchor)
{
    return anchor->count == 0 ? hf_pattern_fronts(&anchors->patterns[anchor->first]) : 1;
}

static void put_anchor(const struct hf_anchors *anchors, const struct hf_anchor *anchor,
                       size_t front, struct hf_writer *w)
{
    if (anchor->count == 0) {
        hf_pattern_anchor(&anchors->patterns[anchor->first], front, w);
    } else {
        for (size_t i = 0; i < anchor->width; i++) {
            hf_writer_printf(w, "\\x%02x", anchors->literals.items[anchor->first].bytes.ptr[i]);
        }
    }
    hf_writer_u8(w, '\0');
}

/* Lists the regular expressions; returns how many. Without patterns it only counts them. */
static size_t list_expressions(const struct hf_anchors *anchors, const char **patterns,
                               unsigned *ids, struct hf_writer *w)
{
    size_t count = 0;
    HF_ASSERT(anchors->anchors != NULL);
    for (size_t i = 0; i < anchors->anchor_count; i++) {
        size_t fronts = expressions_of(anchors, &anchors->anchors[i]);
        for (size_t front = 0; front < fronts && patterns != NULL; front++) {
            patterns[count + front] = (const char *)w->ptr + w->len;
            ids[count + front] = (unsigned)i;
            put_anchor(anchors, &anchors->anchors[i], front, w);
        }
        count += fronts;
    }
    return count;
}

/* The regular expressions hold fronts of secrets, so they are written into guarded memory. */
static enum hf_rc make_engine(struct hf_anchors *anchors, struct hf_err *err)
{
    struct hf_secret text = {0};
    size_t count = list_expressions(anchors, NULL, NULL, NULL);
    size_t literals = anchors->anchor_count - anchors->pattern_count;
    size_t cap = literals * (4 * (size_t)HF_ANCHOR_USUAL + 1) +
                 (count - literals) * ((size_t)HF_ANCHOR_TEXT_MAX + 1);
    const char **patterns = hf_heap_zalloc(count, sizeof *patterns);
    unsigned *ids = hf_heap_zalloc(count, sizeof *ids);
    enum hf_rc rc = patterns == NULL || ids == NULL ? HF_ENOMEM : hf_secret_alloc(cap, &text);
    if (rc == HF_OK) {
        struct hf_writer w = hf_writer_init(hf_secret_fill(&text), cap);
        (void)list_expressions(anchors, patterns, ids, &w);
        HF_ASSERT(!w.overflow);
        rc = hf_engine_new(patterns, ids, count, &anchors->engine, err);
    }
    hf_secret_free(&text);
    hf_heap_free(patterns);
    hf_heap_free(ids);
    return rc;
}

enum hf_rc hf_anchors_build(const struct hf_known *known, size_t known_count, bool with_shapes,
                            struct hf_anchors *ret, struct hf_err *err)
{
    memset(ret, 0, sizeof *ret); /* too big for the stack, where clang builds a literal */
    ret->pattern_count = with_shapes ? hf_shape_count : 0;
    enum hf_rc rc = hf_literals_gather(known, known_count, &ret->literals);
    if (rc == HF_OK) {
        ret->patterns = hf_heap_zalloc(ret->pattern_count + 1, sizeof *ret->patterns);
        ret->anchors =
            hf_heap_zalloc(ret->literals.count + ret->pattern_count + 1, sizeof *ret->anchors);
        rc = ret->patterns == NULL || ret->anchors == NULL ? HF_ENOMEM : HF_OK;
    }
    if (rc == HF_OK) {
        for (size_t i = 0; i < ret->pattern_count; i++) {
            hf_pattern_read(hf_shapes[i].pattern, &ret->patterns[i]);
        }
        list_anchors(ret);
        rc = make_filter(ret);
    }
    rc = rc == HF_OK ? rc : hf_err_set(err, rc, "no memory for what is looked for");
    if (rc == HF_OK && ret->anchor_count > 0) {
        rc = make_engine(ret, err);
    }
    if (rc != HF_OK) {
        hf_anchors_free(ret);
    }
    return rc;
}

void hf_anchors_free(struct hf_anchors *anchors)
{
    hf_engine_free(anchors->engine);
    hf_heap_free(anchors->by_first);
    hf_heap_free(anchors->anchors);
    hf_heap_free(anchors->patterns);
    hf_literals_free(&anchors->literals);
    memset(anchors, 0, sizeof *anchors);
}

/* -- what may have begun -- */

static bool literal_begun(const struct hf_anchors *anchors, struct hf_bytes rest)
{
    size_t low = 0, high = anchors->literals.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (hf_bytes_cmp(anchors->literals.items[middle].bytes, rest) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    /* The first one that is not less than rest may be rest itself, which has been reported. */
    for (size_t i = low; i < anchors->literals.count && i <= low + 1; i++) {
        const struct hf_literal *literal = &anchors->literals.items[i];
        if (width_of(literal) > rest.len && memcmp(literal->bytes.ptr, rest.ptr, rest.len) == 0) {
            return true;
        }
    }
    return false;
}

static bool shape_begun(const struct hf_anchors *anchors, uint16_t which, struct hf_bytes rest,
                        struct hf_bytes before)
{
    const struct hf_pattern *pattern = &anchors->patterns[which];
    size_t at = 0;
    while (at < rest.len && at < pattern->anchor_len &&
           hf_byte_set_has(&pattern->anchor[at], rest.ptr[at])) {
        at++;
    }
    return at == rest.len && at < pattern->anchor_len &&
           hf_shape_left(hf_shapes[which].left, before);
}

static bool wide_begun(const struct hf_anchors *anchors, const struct hf_view *view, size_t at)
{
    uint8_t scratch[2 * HF_SHAPE_LEFT_MAX];
    struct hf_bytes rest = {view->bytes.ptr + at, view->bytes.len - at};
    for (size_t i = 0; i < anchors->wide_count; i++) {
        const struct hf_pattern *pattern = &anchors->patterns[anchors->wide[i]];
        if (hf_byte_set_has(&pattern->anchor[0], rest.ptr[0]) &&
            shape_begun(anchors, anchors->wide[i], rest, hf_view_before(view, at, scratch))) {
            return true;
        }
    }
    return false;
}

/* Whether everything from this position on is the front of an anchor. */
static bool begun(const struct hf_anchors *anchors, const struct hf_view *view, size_t at)
{
    const uint8_t *p = view->bytes.ptr + at;
    struct hf_bytes rest = {p, view->bytes.len - at};
    if (rest.len >= 3 && !marked(anchors->longer, hash_of(p, rest.len))) {
        return hf_byte_set_has(&anchors->wide_firsts, p[0]) && wide_begun(anchors, view, at);
    }
    if (rest.len < 3) {
        for (int whose = LITERAL; whose <= SHAPE; whose++) {
            bool known = rest.len == 1 ? hf_byte_set_has(&anchors->firsts[whose], p[0])
                                       : marked(anchors->pairs[whose], (size_t)p[0] << 8 | p[1]);
            if (known && whose == LITERAL) {
                return true;
            }
            if (!known && whose == SHAPE) {
                return false;
            }
        }
    }
    uint8_t scratch[2 * HF_SHAPE_LEFT_MAX];
    struct hf_bytes before = hf_view_before(view, at, scratch);
    for (size_t i = anchors->begins[p[0]]; i < anchors->begins[p[0] + 1]; i++) {
        if (shape_begun(anchors, anchors->by_first[i], rest, before)) {
            return true;
        }
    }
    return rest.len >= 3 && literal_begun(anchors, rest);
}

struct hf_bytes hf_view_before(const struct hf_view *view, size_t at,
                               uint8_t scratch[2 * HF_SHAPE_LEFT_MAX])
{
    if (at >= HF_SHAPE_LEFT_MAX) {
        return hf_bytes_of(view->bytes.ptr + at - HF_SHAPE_LEFT_MAX, HF_SHAPE_LEFT_MAX);
    }
    HF_ASSERT(view->past.len <= HF_SHAPE_LEFT_MAX);
    struct hf_writer w = hf_writer_init(scratch, 2 * (size_t)HF_SHAPE_LEFT_MAX);
    hf_writer_bytes(&w, view->past);
    hf_writer_put(&w, view->bytes.ptr, at);
    return hf_writer_done(&w);
}

size_t hf_anchors_partial(const struct hf_anchors *anchors, const struct hf_view *view, size_t from)
{
    size_t end = view->bytes.len;
    size_t usual = end - from < HF_ANCHOR_USUAL ? from : end - (HF_ANCHOR_USUAL - 1);
    /* Longer anchors are of wide shapes; hardly ever does a text end with 8 of their bytes. */
    size_t at = usual;
    while (at > from && end - at < HF_ANCHOR_MAX - 1 &&
           hf_byte_set_has(&anchors->long_bytes, view->bytes.ptr[at - 1])) {
        at--;
    }
    for (; at < end; at++) {
        if (at < usual ? wide_begun(anchors, view, at) : begun(anchors, view, at)) {
            return at;
        }
    }
    return end;
}
