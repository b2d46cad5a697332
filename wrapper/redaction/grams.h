/* wrapper/redaction/grams.h: windows of needles that are bytes, to be met at every n-th position.
 *
 * A needle of `stride + len - 1` bytes has as many windows of `len` bytes as the stride has steps,
 * so whoever looks at one window in every stride bytes of a text meets one of them. A filter of
 * bits says of nearly all windows of a text that they are no needle's; what is left is looked up.
 * Bits and windows are made of secrets, so they lie in guarded memory. Does not change; any thread.
 */
#ifndef HF_WRAPPER_REDACTION_GRAMS_H
#define HF_WRAPPER_REDACTION_GRAMS_H

#include "base/secret.h"
#include "wrapper/redaction/needle.h"

/* The two kinds there are: of needles with at least 15 bytes, and of shorter ones. */
#define HF_GRAMS_LONG_MIN 15
#define HF_GRAM_LONG      8 /* bytes of a window, and stride */
#define HF_GRAM_SHORT     5
#define HF_STRIDE_SHORT   4

struct hf_gram {
    uint32_t needle; /* index */
    uint32_t offset; /* of the window in it */
};

struct hf_grams {
    /* read-only */
    size_t count; /* of grams */
    struct hf_gram *grams;
    bool shorter;
    const uint64_t *bits; /* the filter */
    unsigned shift;       /* of a hash, that leaves the word's index */
    /* private */
    uint32_t *begins; /* of the grams of each word */
    struct hf_secret memory;
};

/* Takes from the needles those that are bytes and of its kind. HF_ENOMEM; what was built is freed
 * by hf_grams_free. */
enum hf_rc hf_grams_build(const struct hf_needle *needles, size_t count, bool shorter,
                          struct hf_grams *grams);
void hf_grams_free(struct hf_grams *grams);

/* p: 8 bytes that can be read, the window is the first of them. */
static inline uint64_t hf_gram_hash(const uint8_t *p, bool shorter)
{
    uint64_t window;
    if (shorter) {
        window = hf_be64_get(p) >> (64 - 8 * HF_GRAM_SHORT);
    } else {
        memcpy(&window, p, sizeof window);
    }
    return window * UINT64_C(0x9E3779B97F4A7C15);
}

/* Which bit of a word a hash says; each asks for two. */
static inline unsigned hf_gram_bit(uint64_t hash, int which)
{
    return (unsigned)(hash >> (which == 0 ? 38 : 32) & 63);
}

/* The lowest bit is 1 when a needle may have this window; the others say nothing. */
static inline uint64_t hf_grams_may(const uint64_t *bits, unsigned shift, uint64_t hash)
{
    return bits[hash >> shift] >> hf_gram_bit(hash, 0);
}

/* The same, asked about the other bit too: one window in 2,000 passes that is none. */
static inline bool hf_grams_likely(const struct hf_grams *grams, uint64_t hash)
{
    uint64_t word = grams->bits[hash >> grams->shift];
    return (word >> hf_gram_bit(hash, 0) & word >> hf_gram_bit(hash, 1) & 1) != 0;
}

/* The grams that may have this window: [first, end) of grams->grams. */
static inline uint32_t hf_grams_look(const struct hf_grams *grams, uint64_t hash, uint32_t *ret_end)
{
    size_t at = hash >> grams->shift;
    *ret_end = grams->begins[at + 1];
    return grams->begins[at];
}

#endif
