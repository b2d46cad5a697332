/* wrapper/redaction/grams.c: lists the windows of needles and fills the filter with them. */
#include "wrapper/redaction/grams.h"

#include "base/assert.h"

static size_t stride_of(bool shorter)
{
    return shorter ? HF_STRIDE_SHORT : HF_GRAM_LONG;
}

static bool is_mine(const struct hf_needle *needle, bool shorter)
{
    return needle->pattern == NULL && (needle->bytes.len < HF_GRAMS_LONG_MIN) == shorter;
}

/* Of a needle's window; as those of a text, but with nothing behind the needle's end. */
static uint64_t hash_at(const struct hf_needle *needle, size_t offset, bool shorter)
{
    uint8_t window[8] = {0};
    memcpy(window, needle->bytes.ptr + offset, shorter ? HF_GRAM_SHORT : HF_GRAM_LONG);
    return hf_gram_hash(window, shorter);
}

static size_t align(size_t size)
{
    return (size + 63) / 64 * 64;
}

/* Bits of the filter for each gram: of a word of 64, two are set for one gram on average. With 200
 * secrets it has 128 KiB and fits the processor's second cache, which is near enough. */
#define BITS_EACH      64
#define WORDS_LOG2_MAX 20 /* 8 MiB; as many secrets as may be registered have a quarter of it */

static unsigned words_log2(size_t count)
{
    unsigned log2 = 4;
    while (log2 < WORDS_LOG2_MAX && ((size_t)64 << log2) < BITS_EACH * count) {
        log2++;
    }
    return log2;
}

/* Fills the filter, and counts the grams of each place in `begins`. */
static void count_grams(struct hf_grams *grams, const struct hf_needle *needles, size_t count,
                        uint64_t *bits)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; is_mine(&needles[i], grams->shorter) && k < stride_of(grams->shorter);
             k++) {
            uint64_t hash = hash_at(&needles[i], k, grams->shorter);
            bits[hash >> grams->shift] |=
                UINT64_C(1) << hf_gram_bit(hash, 0) | UINT64_C(1) << hf_gram_bit(hash, 1);
            grams->begins[hash >> grams->shift]++;
        }
    }
}

/* Each place in `begins` holds where the next one's grams begin, and goes down to its own. */
static void list_grams(struct hf_grams *grams, const struct hf_needle *needles, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; is_mine(&needles[i], grams->shorter) && k < stride_of(grams->shorter);
             k++) {
            uint64_t hash = hash_at(&needles[i], k, grams->shorter);
            uint32_t at = --grams->begins[hash >> grams->shift];
            grams->grams[at] = (struct hf_gram){(uint32_t)i, (uint32_t)k};
        }
    }
}

enum hf_rc hf_grams_build(const struct hf_needle *needles, size_t count, bool shorter,
                          struct hf_grams *grams)
{
    *grams = (struct hf_grams){.shorter = shorter};
    for (size_t i = 0; i < count; i++) {
        HF_ASSERT(needles[i].pattern != NULL || needles[i].bytes.len >= HF_NEEDLE_BYTES_MIN);
        grams->count += is_mine(&needles[i], shorter) ? stride_of(shorter) : 0;
    }
    if (grams->count == 0) {
        return HF_OK;
    }
    HF_ASSERT(grams->count < UINT32_MAX);
    unsigned log2 = words_log2(grams->count);
    size_t places = (size_t)1 << log2; /* one for each word of the filter */
    size_t bits_size = sizeof(uint64_t) << log2;
    size_t begins_size = align((places + 1) * sizeof(uint32_t));
    size_t size = bits_size + begins_size + align(grams->count * sizeof(struct hf_gram));
    if (hf_secret_alloc(size, &grams->memory) != HF_OK) {
        return HF_ENOMEM;
    }
    uint8_t *memory = hf_secret_fill(&grams->memory);
    uint64_t *bits = (uint64_t *)(void *)memory;
    grams->bits = bits;
    grams->begins = (uint32_t *)(void *)(memory + bits_size);
    grams->grams = (struct hf_gram *)(void *)(memory + bits_size + begins_size);
    grams->shift = 64 - log2;
    count_grams(grams, needles, count, bits);
    for (size_t i = 1; i <= places; i++) {
        grams->begins[i] += grams->begins[i - 1];
    }
    list_grams(grams, needles, count);
    return HF_OK;
}

void hf_grams_free(struct hf_grams *grams)
{
    hf_secret_free(&grams->memory);
    *grams = (struct hf_grams){0};
}
