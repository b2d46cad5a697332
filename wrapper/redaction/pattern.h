/* wrapper/redaction/pattern.h: the form of a token, matched step by step as its bytes come.
 *
 * A small part of the usual notation: characters, \d, \w, \., [classes], and {n}, {n,m}, {n,}, ?, *
 * after any of them; {n,} and * end at HF_PATTERN_RUN_MAX. No groups, no alternatives, and a step
 * takes what it can and gives nothing back, so the first byte after a step decides. A match can be
 * continued where it stopped, and never looks at a byte twice.
 *
 * The anchor is what a pattern always begins with, of fixed width: the engine looks for anchors,
 * which tells where a match begins.
 */
#ifndef HF_WRAPPER_REDACTION_PATTERN_H
#define HF_WRAPPER_REDACTION_PATTERN_H

#include "base/bytes.h"

#define HF_PATTERN_STEPS_MAX 64
#define HF_PATTERN_RUN_MAX   4096
#define HF_ANCHOR_USUAL      8  /* bytes: as many as the engine compares at once */
#define HF_ANCHOR_MAX        36 /* 32 hexadecimal digits and what tells whose they are */

struct hf_byte_set {
    uint64_t bits[4];
};

static inline bool hf_byte_set_has(const struct hf_byte_set *set, uint8_t byte)
{
    return (set->bits[byte >> 6] >> (byte & 63) & 1) != 0;
}

void hf_byte_set_add(struct hf_byte_set *set, uint8_t from, uint8_t to);
size_t hf_byte_set_size(const struct hf_byte_set *set);

struct hf_step {
    struct hf_byte_set set;
    uint16_t min;
    uint16_t max;
};

struct hf_pattern {
    struct hf_step steps[HF_PATTERN_STEPS_MAX];
    uint16_t count;
    uint16_t literal; /* how many bytes at the front can be one byte only */
    uint16_t anchor_len;
    struct hf_byte_set anchor[HF_ANCHOR_MAX];
};

/* How far a match has come. Zero at its begin. */
struct hf_run {
    uint32_t at;    /* bytes that are part of it */
    uint16_t step;  /* the step it is in */
    uint16_t count; /* bytes that this step has taken */
    uint32_t mark;  /* of the check that follows (checks.h) */
};

enum hf_match {
    HF_MATCH_NO,
    HF_MATCH_MORE,
    HF_MATCH_YES
};

/* The text is ours: a mistake in it stops the process. */
void hf_pattern_read(const char *text, struct hf_pattern *ret);

/* bytes begin where the match does; final: no more will come. HF_MATCH_YES: io_run->at long. */
enum hf_match hf_pattern_match(const struct hf_pattern *pattern, struct hf_bytes bytes, bool final,
                               struct hf_run *io_run);

/* The engine filters by bytes: a class among the first of them leaves it little to filter by, and a
 * few such anchors make all of it slow. So an anchor is several regular expressions that together
 * match what it matches, with its first bytes spelled out, but in few ways: many fill the filter
 * too ("tools/bench redaction", tokens alone: 1.5 times as fast as with the classes). */
#define HF_ANCHOR_FRONT      4 /* bytes that are spelled out */
#define HF_ANCHOR_FRONTS_MAX 10
size_t hf_pattern_fronts(const struct hf_pattern *pattern);
/* The front-th of them, of byte values, without its NUL; HF_ANCHOR_TEXT_MAX bytes are enough. */
#define HF_ANCHOR_TEXT_MAX (HF_ANCHOR_MAX * 160)
void hf_pattern_anchor(const struct hf_pattern *pattern, size_t front, struct hf_writer *w);

#endif
