/* wrapper/redaction/shapes.h: what the tokens of providers look like.
 *
 * Only what has a mark of its own is here: a prefix, an infix, a frame. Facts about formats come
 * from the providers' documentation and from the rules of gitleaks, trufflehog and OpenClaw;
 * where a format has a checksum or something to decode, the check that does so is named
 * (checks.h).
 */
#ifndef HF_WRAPPER_REDACTION_SHAPES_H
#define HF_WRAPPER_REDACTION_SHAPES_H

#include "wrapper/redaction/checks.h"
#include "wrapper/redaction/redaction.h"

/* What must stand before the first byte. */
enum hf_left {
    HF_LEFT_ANY,    /* the mark is rare enough */
    HF_LEFT_EDGE,   /* no letter, digit or _; the end of an escape such as \n or %0A is an edge */
    HF_LEFT_DIGITS, /* at least 8 digits: the number of a bot, which is public */
    HF_LEFT_THREE,  /* 3 characters of the token itself, too few to be of use */
    HF_LEFT_WORD    /* at least 8 letters and digits: the token's name */
};

struct hf_shape {
    const char *name;    /* unique */
    const char *kind;    /* of the placeholder */
    const char *pattern; /* pattern.h */
    enum hf_left left;
    bool whole;   /* what follows is no letter, digit or _ */
    uint8_t keep; /* bytes at the front that are no secret and stay */
    enum hf_check check;
    enum hf_redaction_layer layer;
};

extern const struct hf_shape hf_shapes[];
extern const size_t hf_shape_count;

/* before: what stands in front, the nearest 16 bytes of it, or less at the text's begin. */
bool hf_shape_left(enum hf_left left, struct hf_bytes before);

/* Letters, digits and _. */
bool hf_shape_word(uint8_t byte);

/* The examples of documentation: hardly any different characters, or a word that says so. body: the
 * match without its front. */
bool hf_shape_example(struct hf_bytes body);

#define HF_SHAPE_LEFT_MAX 16

#endif
