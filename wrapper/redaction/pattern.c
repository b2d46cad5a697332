/* wrapper/redaction/pattern.c: reads patterns and runs them. */
#include "wrapper/redaction/pattern.h"

#include "base/assert.h"

void hf_byte_set_add(struct hf_byte_set *set, uint8_t from, uint8_t to)
{
    HF_ASSERT(from <= to);
    for (unsigned byte = from; byte <= to; byte++) {
        set->bits[byte >> 6] |= UINT64_C(1) << (byte & 63);
    }
}

static void add_text(struct hf_byte_set *set, const char *text)
{
    for (; *text != '\0'; text++) {
        hf_byte_set_add(set, (uint8_t)*text, (uint8_t)*text);
    }
}

/* What stands after a backslash. */
static void add_escape(struct hf_byte_set *set, char c)
{
    if (c == 'd' || c == 'w') {
        hf_byte_set_add(set, '0', '9');
    }
    if (c == 'w') {
        hf_byte_set_add(set, 'A', 'Z');
        hf_byte_set_add(set, 'a', 'z');
        add_text(set, "_");
    }
    if (c != 'd' && c != 'w') {
        HF_ASSERT(c != '\0' && strchr(".[]{}?*+\\-/", c) != NULL);
        hf_byte_set_add(set, (uint8_t)c, (uint8_t)c);
    }
}

/* From after '[' to after ']'. */
static const char *read_class(const char *at, struct hf_byte_set *set)
{
    while (*at != ']') {
        HF_ASSERT(*at != '\0');
        if (*at == '\\') {
            add_escape(set, at[1]);
            at += 2;
        } else if (at[1] == '-' && at[2] != ']') {
            hf_byte_set_add(set, (uint8_t)at[0], (uint8_t)at[2]);
            at += 3;
        } else {
            hf_byte_set_add(set, (uint8_t)*at, (uint8_t)*at);
            at++;
        }
    }
    return at + 1;
}

static const char *read_number(const char *at, uint16_t *ret)
{
    unsigned value = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        value = 10 * value + (unsigned)(*at - '0');
        HF_ASSERT(value <= UINT16_MAX);
    }
    *ret = (uint16_t)value;
    return at;
}

static const char *read_count(const char *at, struct hf_step *step)
{
    step->min = 1;
    step->max = 1;
    if (*at == '?' || *at == '*') {
        step->min = 0;
        step->max = *at == '?' ? 1 : HF_PATTERN_RUN_MAX;
        return at + 1;
    }
    if (*at != '{') {
        return at;
    }
    at = read_number(at + 1, &step->min);
    step->max = step->min;
    if (*at == ',') {
        at = read_number(at + 1, &step->max);
        step->max = step->max == 0 ? HF_PATTERN_RUN_MAX : step->max;
    }
    HF_ASSERT(*at == '}' && step->max >= step->min && step->max > 0);
    return at + 1;
}

size_t hf_byte_set_size(const struct hf_byte_set *set)
{
    size_t size = 0;
    for (size_t i = 0; i < 4; i++) {
        size += (size_t)__builtin_popcountll(set->bits[i]);
    }
    return size;
}

/* What every match begins with: to the first step whose length is open, and of that what it must
 * have. A front that is one long run says nothing, so there it goes on to what does. */
static void make_anchor(struct hf_pattern *pattern)
{
    bool literal = true, run = pattern->steps[0].min >= HF_ANCHOR_USUAL;
    for (size_t i = 0; i < pattern->count; i++) {
        const struct hf_step *step = &pattern->steps[i];
        literal = literal && hf_byte_set_size(&step->set) == 1;
        for (uint16_t k = 0; k < step->min; k++) {
            pattern->literal = (uint16_t)(pattern->literal + literal);
            if (pattern->anchor_len < (run ? HF_ANCHOR_MAX : HF_ANCHOR_USUAL)) {
                pattern->anchor[pattern->anchor_len++] = step->set;
            }
        }
        if (step->max > step->min) {
            return;
        }
    }
}

void hf_pattern_read(const char *text, struct hf_pattern *ret)
{
    *ret = (struct hf_pattern){0};
    while (*text != '\0') {
        HF_ASSERT(ret->count < HF_PATTERN_STEPS_MAX);
        struct hf_step *step = &ret->steps[ret->count++];
        if (*text == '[') {
            text = read_class(text + 1, &step->set);
        } else if (*text == '\\') {
            add_escape(&step->set, text[1]);
            text += 2;
        } else {
            hf_byte_set_add(&step->set, (uint8_t)*text, (uint8_t)*text);
            text++;
        }
        text = read_count(text, step);
    }
    make_anchor(ret);
    HF_ASSERT(ret->anchor_len > 0);
}

enum hf_match hf_pattern_match(const struct hf_pattern *pattern, struct hf_bytes bytes, bool final,
                               struct hf_run *io_run)
{
    while (io_run->step < pattern->count) {
        const struct hf_step *step = &pattern->steps[io_run->step];
        while (io_run->count < step->max && io_run->at < bytes.len &&
               hf_byte_set_has(&step->set, bytes.ptr[io_run->at])) {
            io_run->count++;
            io_run->at++;
        }
        if (io_run->count < step->max && io_run->at == bytes.len && !final) {
            return HF_MATCH_MORE;
        }
        if (io_run->count < step->min) {
            return HF_MATCH_NO;
        }
        io_run->step++;
        io_run->count = 0;
    }
    return HF_MATCH_YES;
}

static void put_byte(struct hf_writer *w, unsigned byte)
{
    hf_writer_printf(w, "\\x%02x", byte);
}

/* How many bytes are spelled out, and in how many ways. */
static size_t spelled(const struct hf_pattern *pattern, size_t *ret_fronts)
{
    size_t fronts = 1;
    size_t len = 0;
    while (len < HF_ANCHOR_FRONT && len < pattern->anchor_len &&
           fronts * hf_byte_set_size(&pattern->anchor[len]) <= HF_ANCHOR_FRONTS_MAX) {
        fronts *= hf_byte_set_size(&pattern->anchor[len++]);
    }
    *ret_fronts = fronts;
    return len;
}

size_t hf_pattern_fronts(const struct hf_pattern *pattern)
{
    size_t fronts;
    (void)spelled(pattern, &fronts);
    return fronts;
}

static void put_class(struct hf_writer *w, const struct hf_byte_set *set)
{
    hf_writer_u8(w, '[');
    for (unsigned byte = 0; byte < 256; byte++) {
        if (!hf_byte_set_has(set, (uint8_t)byte)) {
            continue;
        }
        unsigned last = byte;
        while (last < 255 && hf_byte_set_has(set, (uint8_t)(last + 1))) {
            last++;
        }
        put_byte(w, byte);
        if (last > byte) {
            hf_writer_u8(w, '-');
            put_byte(w, last);
        }
        byte = last;
    }
    hf_writer_u8(w, ']');
}

/* The n-th byte of the set. */
static unsigned member(const struct hf_byte_set *set, size_t n)
{
    unsigned byte = 0;
    for (;; byte++) {
        HF_ASSERT(byte < 256);
        if (hf_byte_set_has(set, (uint8_t)byte) && n-- == 0) {
            return byte;
        }
    }
}

void hf_pattern_anchor(const struct hf_pattern *pattern, size_t front, struct hf_writer *w)
{
    size_t rest;
    size_t len = spelled(pattern, &rest);
    HF_ASSERT(front < rest);
    for (size_t i = 0; i < pattern->anchor_len; i++) {
        const struct hf_byte_set *set = &pattern->anchor[i];
        if (i < len) {
            rest /= hf_byte_set_size(set);
            put_byte(w, member(set, front / rest % hf_byte_set_size(set)));
        } else {
            put_class(w, set);
        }
    }
}
