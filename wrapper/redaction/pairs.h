/* wrapper/redaction/pairs.h: what needles that are sets of bytes look like in pairs of bytes.
 *
 * Whoever takes a text apart into pairs, from an even position on, cuts an anchor into pairs in one
 * of two ways. For each way a quad is chosen, two neighbouring pairs of the anchor that texts
 * hardly ever have. Quads are in groups, and a table says of a pair in which groups it is a first
 * or a second one; where two neighbours name the same group, its quads are looked at.
 *
 * Pairs at positions that 4 divides are looked up in one table, those between them in another, once
 * each: so there are two bits for a group, one for quads whose first pair is in the first table,
 * and one for those where it is in the second. Does not change; any thread.
 */
#ifndef HF_WRAPPER_REDACTION_PAIRS_H
#define HF_WRAPPER_REDACTION_PAIRS_H

#include "base/err.h"
#include "wrapper/redaction/needle.h"

#define HF_PAIR_GROUPS   8
#define HF_PAIR_STRAIGHT 0x00FF /* a bit for each group: its quads begin in the even table */
#define HF_PAIR_CROSS    0xFF00 /* the same groups: in the odd one */
#define HF_QUAD          4      /* bytes */

/* A quad of a needle. */
struct hf_quad {
    uint32_t value;  /* of the bytes that can be one byte only */
    uint32_t mask;   /* which those are */
    uint32_t needle; /* index */
    int32_t offset;  /* of the quad in the needle; -1: the byte before it can be any */
};

struct hf_pairs {
    /* read-only */
    size_t count;          /* of quads, the groups' one after the other */
    struct hf_quad *quads; /* NULL: no needle is one of sets */
    uint32_t begins[HF_PAIR_GROUPS + 1];
    uint16_t *even; /* [65536]: bits of groups */
    uint16_t *odd;  /* [65536] */
};

/* HF_ENOMEM; what was built is freed by hf_pairs_free. */
enum hf_rc hf_pairs_build(const struct hf_needle *needles, size_t count, struct hf_pairs *pairs);
void hf_pairs_free(struct hf_pairs *pairs);

/* As an index; which byte is which does not matter, as long as it is always the same. */
static inline uint16_t hf_pair_at(const uint8_t *p)
{
    uint16_t pair;
    memcpy(&pair, p, sizeof pair);
    return pair;
}

/* The groups of which the four bytes at p, an even position of a text, may be a quad. */
static inline unsigned hf_pairs_groups(const struct hf_pairs *pairs, const uint8_t *p)
{
    return pairs->even[hf_pair_at(p)] & pairs->odd[hf_pair_at(p + 2)] & HF_PAIR_STRAIGHT;
}

/* Whether the four bytes at p may be this quad. */
static inline bool hf_quad_may(const struct hf_quad *quad, const uint8_t *p)
{
    uint32_t bytes;
    memcpy(&bytes, p, sizeof bytes);
    return (bytes & quad->mask) == quad->value;
}

#endif
