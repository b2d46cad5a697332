/* wrapper/redaction/engine.c: passes text in blocks, and looks closely where it has to. */
#include "wrapper/redaction/engine.h"

#include "base/assert.h"
#include "base/heap.h"
#include "base/secret.h"
#include "wrapper/redaction/grams.h"
#include "wrapper/redaction/pairs.h"

#define BLOCK      16 /* bytes */
#define BLOCK_READ 24 /* as the last short window is read with what is behind it */
#define BLOCKS_MAX 64 /* passed in one go: a bit for each */
#define TAIL       (HF_ANCHOR_MAX - 1)
#define SHORT_TEXT 256 /* bytes; less is put behind the tail and passed with it in one go */

struct hf_engine {
    struct hf_needle *needles;
    size_t count;
    struct hf_pairs pairs;
    struct hf_grams longer;
    struct hf_grams shorter;
};

struct hf_scanner {
    const struct hf_engine *engine;
    uint64_t at;        /* position in the stream, behind what has come */
    uint8_t tail[TAIL]; /* the last of it */
    size_t tail_len;
    uint8_t joined[TAIL + SHORT_TEXT];
};

enum hf_rc hf_engine_new(const struct hf_needle *needles, size_t count,
                         struct hf_engine **ret_engine)
{
    struct hf_engine *engine = hf_heap_zalloc(1, sizeof *engine);
    if (engine == NULL) {
        return HF_ENOMEM;
    }
    engine->needles = hf_heap_copy(needles, count * sizeof *needles);
    engine->count = count;
    enum hf_rc rc = engine->needles == NULL ? HF_ENOMEM : HF_OK;
    rc = rc == HF_OK ? hf_pairs_build(engine->needles, count, &engine->pairs) : rc;
    rc = rc == HF_OK ? hf_grams_build(engine->needles, count, false, &engine->longer) : rc;
    rc = rc == HF_OK ? hf_grams_build(engine->needles, count, true, &engine->shorter) : rc;
    if (rc != HF_OK) {
        hf_engine_free(engine);
        return rc;
    }
    *ret_engine = engine;
    return HF_OK;
}

void hf_engine_free(struct hf_engine *engine)
{
    if (engine != NULL) {
        hf_pairs_free(&engine->pairs);
        hf_grams_free(&engine->longer);
        hf_grams_free(&engine->shorter);
        hf_heap_free(engine->needles);
        hf_heap_free(engine);
    }
}

/* -- looking closely -- */

/* Bytes that lie together, and which anchors in them are to be reported. */
struct look {
    const struct hf_engine *engine;
    struct hf_bytes bytes;
    uint64_t begin;   /* position of bytes in the stream */
    size_t begins_by; /* it begins before this place */
    size_t ends_past; /* and ends behind this one */
    hf_hit_fn *fn;
    void *arg;
};

static enum hf_rc try_needle(const struct look *look, uint32_t which, size_t at)
{
    const struct hf_needle *needle = &look->engine->needles[which];
    size_t width = hf_needle_width(needle);
    if (at >= look->begins_by || at + width > look->bytes.len || at + width <= look->ends_past ||
        !hf_needle_is_at(needle, look->bytes.ptr + at)) {
        return HF_OK;
    }
    struct hf_hit hit = {look->begin + at + width, which};
    return look->fn(look->arg, &hit);
}

static enum hf_rc try_quad(const struct look *look, size_t at)
{
    const struct hf_pairs *pairs = &look->engine->pairs;
    const uint8_t *p = look->bytes.ptr + at;
    unsigned groups = hf_pairs_groups(pairs, p);
    enum hf_rc rc = HF_OK;
    for (; groups != 0 && rc == HF_OK; groups &= groups - 1) {
        unsigned group = (unsigned)__builtin_ctz(groups);
        for (uint32_t i = pairs->begins[group]; i < pairs->begins[group + 1] && rc == HF_OK; i++) {
            const struct hf_quad *quad = &pairs->quads[i];
            if (hf_quad_may(quad, p) && quad->offset <= (int64_t)at) {
                rc = try_needle(look, quad->needle, at - (size_t)(int64_t)quad->offset);
            }
        }
    }
    return rc;
}

static enum hf_rc try_gram(const struct look *look, const struct hf_grams *grams, size_t at)
{
    size_t left = look->bytes.len - at;
    uint8_t window[8] = {0};
    memcpy(window, look->bytes.ptr + at, left < sizeof window ? left : sizeof window);
    uint64_t hash = hf_gram_hash(window, grams->shorter);
    enum hf_rc rc = HF_OK;
    if (hf_grams_likely(grams, hash)) {
        uint32_t end, i = hf_grams_look(grams, hash, &end);
        for (; i < end && rc == HF_OK; i++) {
            const struct hf_gram *gram = &grams->grams[i];
            if (gram->offset <= at) {
                rc = try_needle(look, gram->needle, at - gram->offset);
            }
        }
    }
    return rc;
}

/* -- passing: which blocks may have something, a bit for each -- */

struct marks {
    uint64_t pairs;
    uint64_t grams[2]; /* longer ones, shorter ones */
};

/* io_odd: what the odd table says of the pair before the first block; then of the last one. A quad
 * belongs to the block where it ends. */
static uint64_t pass_pairs(const struct hf_pairs *pairs, const uint8_t *p, size_t blocks,
                           unsigned *io_odd)
{
    const uint16_t *even = pairs->even, *odd = pairs->odd;
    unsigned second = *io_odd;
    uint64_t marks = 0;
    for (size_t i = 0; i < blocks; i++, p += BLOCK) {
        unsigned straight = 0, cross = 0;
#pragma GCC unroll 4
        for (size_t k = 0; k < BLOCK; k += HF_QUAD) {
            unsigned first = even[hf_pair_at(p + k)];
            cross |= second & first;
            second = odd[hf_pair_at(p + k + 2)];
            straight |= first & second;
        }
        bool may = ((straight & HF_PAIR_STRAIGHT) | (cross & HF_PAIR_CROSS)) != 0;
        marks |= (uint64_t)may << i;
    }
    *io_odd = second;
    return marks;
}

static inline uint64_t pass_grams(const struct hf_grams *grams, const uint8_t *p, size_t blocks,
                                  bool shorter)
{
    const uint64_t *bits = grams->bits;
    unsigned shift = grams->shift;
    uint64_t marks = 0;
    for (size_t i = 0; i < blocks; i++, p += BLOCK) {
        uint64_t may = 0;
#pragma GCC unroll 4
        for (size_t k = 0; k < BLOCK; k += shorter ? HF_STRIDE_SHORT : HF_GRAM_LONG) {
            may |= hf_grams_may(bits, shift, hf_gram_hash(p + k, shorter));
        }
        marks |= (may & 1) << i;
    }
    return marks;
}

/* Of the marked blocks, those of which also the other bits of the filter say that they may have a
 * gram. One in fifty is left of what was marked by chance. */
static inline uint64_t likely_grams(const struct hf_grams *grams, const uint8_t *p, uint64_t marks,
                                    bool shorter)
{
    uint64_t left = 0;
    for (; marks != 0; marks &= marks - 1) {
        unsigned block = (unsigned)__builtin_ctzll(marks);
        bool likely = false;
        for (size_t k = 0; k < BLOCK; k += shorter ? HF_STRIDE_SHORT : HF_GRAM_LONG) {
            likely |= hf_grams_likely(grams, hf_gram_hash(p + block * BLOCK + k, shorter));
        }
        left |= (uint64_t)likely << block;
    }
    return left;
}

/* p: the blocks, and what BLOCK_READ has more. One kind after the other, as each is a loop for
 * which a processor has registers enough. */
static struct marks pass_blocks(const struct hf_engine *engine, const uint8_t *p, size_t blocks,
                                unsigned *io_odd)
{
    struct marks marks = {0};
    if (engine->pairs.count > 0) {
        marks.pairs = pass_pairs(&engine->pairs, p, blocks, io_odd);
    }
    if (engine->longer.count > 0) {
        uint64_t may = pass_grams(&engine->longer, p, blocks, false);
        marks.grams[0] = likely_grams(&engine->longer, p, may, false);
    }
    if (engine->shorter.count > 0) {
        uint64_t may = pass_grams(&engine->shorter, p, blocks, true);
        marks.grams[1] = likely_grams(&engine->shorter, p, may, true);
    }
    return marks;
}

/* Looks at the marked blocks, of which the first one begins at `from`. */
static enum hf_rc try_blocks(const struct look *look, size_t from, const struct marks *marks)
{
    enum hf_rc rc = HF_OK;
    uint64_t any = marks->pairs | marks->grams[0] | marks->grams[1];
    for (; any != 0 && rc == HF_OK; any &= any - 1) {
        unsigned block = (unsigned)__builtin_ctzll(any);
        size_t at = from + (size_t)block * BLOCK;
        size_t end = at + BLOCK < look->bytes.len ? at + BLOCK : look->bytes.len;
        if ((marks->pairs >> block & 1) != 0) {
            for (size_t i = at < 2 ? at : at - 2; i + HF_QUAD <= end && rc == HF_OK; i += 2) {
                rc = try_quad(look, i);
            }
        }
        for (size_t i = at; (marks->grams[0] >> block & 1) != 0 && i < end && rc == HF_OK;
             i += HF_GRAM_LONG) {
            rc = try_gram(look, &look->engine->longer, i);
        }
        for (size_t i = at; (marks->grams[1] >> block & 1) != 0 && i < end && rc == HF_OK;
             i += HF_STRIDE_SHORT) {
            rc = try_gram(look, &look->engine->shorter, i);
        }
    }
    return rc;
}

/* Text mostly comes from memory, and passing is no slower than that; the processor fetches ahead by
 * itself, but not while it is busy with what it has. What lies behind the bytes is not touched. */
static void prefetch(const uint8_t *p)
{
    for (size_t i = 0; i < (size_t)BLOCKS_MAX * BLOCK; i += 64) {
        __builtin_prefetch(p + i);
    }
}

static enum hf_rc pass(const struct look *look)
{
    struct hf_bytes bytes = look->bytes;
    unsigned odd = 0;
    size_t at = 0, blocks;
    enum hf_rc rc = HF_OK;
    for (; at + BLOCK_READ <= bytes.len && rc == HF_OK; at += blocks * BLOCK) {
        blocks = (bytes.len - at - (BLOCK_READ - BLOCK)) / BLOCK;
        blocks = blocks < BLOCKS_MAX ? blocks : BLOCKS_MAX;
        prefetch(bytes.ptr + at + blocks * BLOCK);
        struct marks marks = pass_blocks(look->engine, bytes.ptr + at, blocks, &odd);
        rc = try_blocks(look, at, &marks);
    }
    if (rc == HF_OK) {
        uint8_t rest[2 * BLOCK + BLOCK_READ] = {0}; /* the last bytes, with zeros behind them */
        memcpy(rest, bytes.ptr + at, bytes.len - at);
        struct marks marks = pass_blocks(look->engine, rest, 2, &odd);
        rc = try_blocks(look, at, &marks);
        hf_wipe(rest, sizeof rest);
    }
    return rc;
}

/* -- streams -- */

enum hf_rc hf_scanner_new(const struct hf_engine *engine, struct hf_scanner **ret_scanner)
{
    struct hf_scanner *scanner = hf_heap_zalloc(1, sizeof *scanner);
    if (scanner == NULL) {
        return HF_ENOMEM;
    }
    scanner->engine = engine;
    *ret_scanner = scanner;
    return HF_OK;
}

static void keep_tail(struct hf_scanner *scanner, struct hf_bytes bytes)
{
    if (bytes.len < TAIL) {
        size_t kept = TAIL - bytes.len;
        kept = kept < scanner->tail_len ? kept : scanner->tail_len;
        memmove(scanner->tail, scanner->tail + scanner->tail_len - kept, kept);
        memcpy(scanner->tail + kept, bytes.ptr, bytes.len);
        scanner->tail_len = kept + bytes.len;
    } else {
        memcpy(scanner->tail, bytes.ptr + bytes.len - TAIL, TAIL);
        scanner->tail_len = TAIL;
    }
    scanner->at += bytes.len;
}

enum hf_rc hf_scanner_feed(struct hf_scanner *scanner, struct hf_bytes bytes, hf_hit_fn *fn,
                           void *arg)
{
    if (bytes.len == 0) {
        return HF_OK;
    }
    /* First what begins in the tail, then what begins in these bytes; of few bytes both at once. */
    size_t tail = scanner->tail_len;
    bool few = bytes.len <= SHORT_TEXT;
    size_t more = few ? bytes.len : TAIL;
    memcpy(scanner->joined, scanner->tail, tail);
    memcpy(scanner->joined + tail, bytes.ptr, more);
    struct look look = {.engine = scanner->engine,
                        .bytes = hf_bytes_of(scanner->joined, tail + more),
                        .begin = scanner->at - tail,
                        .begins_by = few ? tail + more : tail,
                        .ends_past = tail,
                        .fn = fn,
                        .arg = arg};
    enum hf_rc rc = tail > 0 || few ? pass(&look) : HF_OK;
    if (!few && rc == HF_OK) {
        look.bytes = bytes;
        look.begin = scanner->at;
        look.begins_by = bytes.len;
        look.ends_past = 0;
        rc = pass(&look);
    }
    keep_tail(scanner, bytes);
    return rc;
}

void hf_scanner_reset(struct hf_scanner *scanner)
{
    hf_wipe(scanner->tail, sizeof scanner->tail);
    hf_wipe(scanner->joined, sizeof scanner->joined);
    scanner->tail_len = 0;
    scanner->at = 0;
}

void hf_scanner_free(struct hf_scanner *scanner)
{
    if (scanner != NULL) {
        hf_scanner_reset(scanner);
        hf_heap_free(scanner);
    }
}
