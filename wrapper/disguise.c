/* wrapper/disguise.c: what secrets look like without what stands between their letters. */
#include "wrapper/disguise.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/base64.h"
#include "base/heap.h"
#include "base/hex.h"

enum {
    VALUE_MAX = 256, /* bytes of a value, from its middle, that are looked at */
    NEEDLE_MAX = 32, /* characters of an encoding, from its middle, that are looked for */
    HEAD = 8,        /* by which needles are found */
    FORMS = 12,      /* of a value */
    FILTER_BITS = 1 << 16,
    ENCODED_MAX = 4 * VALUE_MAX
};

struct needle {
    uint64_t head; /* its first characters as a number */
    uint8_t len;
    char text[NEEDLE_MAX];
};

struct hf_disguises {
    struct hf_secret needles; /* struct needle, by head */
    size_t count;
    uint8_t filter[FILTER_BITS / 8];
};

/* squeezing */

/* How lines are read. */
enum way {
    WAY_WHOLE,
    WAY_NUMBERS, /* without a number at its begin */
    WAY_COLUMNS, /* behind the last two blanks of a line with a number */
    WAY_NAMES,   /* without what stands before the first colon */
    WAY_COUNT
};

/* Behind a number and what ends it, at the begin of a line; 0: there is none. */
static size_t behind_number(struct hf_str line)
{
    size_t i = 0;
    while (i < line.len && (line.ptr[i] == ' ' || line.ptr[i] == '\t')) {
        i++;
    }
    size_t begin = i;
    while (i < line.len && hf_hex_digit(line.ptr[i]) >= 0) {
        i++;
    }
    char end = i > begin && i < line.len ? line.ptr[i] : '\0';
    return end == ' ' || end == '\t' || end == ':' || end == '-' ? i + 1 : 0;
}

static size_t begin_of(enum way way, struct hf_str line)
{
    size_t number = way == WAY_WHOLE ? 0 : behind_number(line);
    if (way == WAY_NAMES) {
        const char *colon = line.len == 0 ? NULL : memchr(line.ptr, ':', line.len);
        return colon == NULL ? 0 : (size_t)(colon + 1 - line.ptr);
    }
    for (size_t i = line.len; way == WAY_COLUMNS && number > 0 && i > number + 1; i--) {
        if (line.ptr[i - 1] == ' ' && line.ptr[i - 2] == ' ') {
            return i;
        }
    }
    return number;
}

/* Behind what begins with an escape character: a colour, a movement. */
static size_t skip_escape(struct hf_str text, size_t at)
{
    at++;
    if (at < text.len && text.ptr[at] == '[') {
        at++;
        while (at < text.len && text.ptr[at] >= ' ' && text.ptr[at] < '@') {
            at++;
        }
    }
    return at < text.len ? at + 1 : at;
}

/* Letters and digits of a line, small ones. What stands behind a backslash says what kind of escape
 * it is. */
static void squeeze_line(struct hf_str line, char *out, size_t *io_len)
{
    for (size_t i = 0; i < line.len; i++) {
        char c = line.ptr[i];
        if (c == '\033') {
            i = skip_escape(line, i) - 1;
        } else if (c == '\\') {
            i++;
        } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            out[(*io_len)++] = c;
        } else if (c >= 'A' && c <= 'Z') {
            out[(*io_len)++] = (char)(c + ('a' - 'A'));
        }
    }
}

static size_t squeeze(enum way way, struct hf_str text, char *out)
{
    size_t len = 0;
    size_t at = 0;
    while (at < text.len) {
        const char *stop = memchr(text.ptr + at, '\n', text.len - at);
        size_t end = stop == NULL ? text.len : (size_t)(stop - text.ptr);
        struct hf_str line = {text.ptr + at, end - at};
        size_t begin = begin_of(way, line);
        squeeze_line((struct hf_str){line.ptr + begin, line.len - begin}, out, &len);
        at = end + 1;
    }
    return len;
}

/* looking */

static uint64_t head_of(const char *text)
{
    uint64_t head;
    memcpy(&head, text, sizeof head);
    return head;
}

static size_t filter_bit(uint64_t head)
{
    return (size_t)((head * UINT64_C(0x9e3779b97f4a7c15)) >> 48);
}

static const struct needle *needles_of(const struct hf_disguises *d)
{
    return (const struct needle *)(const void *)hf_secret_reveal(&d->needles).ptr;
}

static bool at_needle(const struct hf_disguises *d, const char *text, size_t len)
{
    const struct needle *needles = needles_of(d);
    uint64_t head = head_of(text);
    size_t low = 0;
    size_t high = d->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (needles[middle].head < head) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low < d->count && needles[low].head == head; low++) {
        if (needles[low].len <= len && memcmp(text, needles[low].text, needles[low].len) == 0) {
            return true;
        }
    }
    return false;
}

static bool holds(const struct hf_disguises *d, const char *text, size_t len)
{
    for (size_t i = 0; i + HEAD <= len; i++) {
        size_t bit = filter_bit(head_of(text + i));
        if ((d->filter[bit / 8] >> (bit % 8) & 1) != 0 && at_needle(d, text + i, len - i)) {
            return true;
        }
    }
    return false;
}

bool hf_disguised(const struct hf_disguises *disguises, struct hf_str text)
{
    if (disguises == NULL || disguises->count == 0 || text.len < HF_DISGUISE_MIN) {
        return false;
    }
    char *room = hf_heap_alloc(text.len);
    bool found = room == NULL;
    for (int way = WAY_WHOLE; way < WAY_COUNT && !found; way++) {
        found = holds(disguises, room, squeeze((enum way)way, text, room));
    }
    if (room != NULL) {
        hf_wipe(room, text.len);
    }
    hf_heap_free(room);
    return found;
}

/* making */

struct making {
    struct hf_disguises *disguises;
    struct needle *needles;
    char encoded[ENCODED_MAX + 8];
    char squeezed[ENCODED_MAX + 8];
};

/* The middle of a text, as one more needle. */
static void add(struct making *m, struct hf_str encoded)
{
    HF_ASSERT(encoded.len <= sizeof m->squeezed);
    size_t len = squeeze(WAY_WHOLE, encoded, m->squeezed);
    size_t keep = len < NEEDLE_MAX ? len : NEEDLE_MAX;
    if (len < HF_DISGUISE_MIN) {
        return;
    }
    struct needle *needle = &m->needles[m->disguises->count++];
    memcpy(needle->text, m->squeezed + (len - keep) / 2, keep);
    needle->len = (uint8_t)keep;
    needle->head = head_of(needle->text);
    size_t bit = filter_bit(needle->head);
    m->disguises->filter[bit / 8] |= (uint8_t)(1u << (bit % 8));
}

static void add_backwards(struct making *m, struct hf_bytes value)
{
    for (size_t i = 0; i < value.len; i++) {
        m->encoded[i] = (char)value.ptr[value.len - 1 - i];
    }
    add(m, (struct hf_str){m->encoded, value.len});
}

static void add_rotated(struct making *m, struct hf_bytes value)
{
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.ptr[i];
        unsigned letter = (unsigned)(c | 0x20) - 'a';
        unsigned turned = letter < 26 ? c - letter + (letter + 13) % 26 : c;
        m->encoded[i] = (char)(uint8_t)turned;
    }
    add(m, (struct hf_str){m->encoded, value.len});
}

/* Each byte as format; all of them, or only those that are no letter or digit. */
static void add_spelled(struct making *m, struct hf_bytes value, unsigned base, const char *mark,
                        bool all)
{
    static const char digits[] = "0123456789abcdef";
    size_t len = 0;
    for (size_t i = 0; i < value.len && len + 8 < ENCODED_MAX; i++) {
        char c = (char)value.ptr[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (plain && !all) {
            m->encoded[len++] = c;
            continue;
        }
        for (const char *p = mark; *p != '\0'; p++) {
            m->encoded[len++] = *p;
        }
        unsigned byte = value.ptr[i];
        unsigned first = base == 16 ? 16 : byte >= 100 ? 100 : byte >= 10 ? 10 : 1;
        for (unsigned unit = first; unit > 0; unit /= base) {
            m->encoded[len++] = digits[byte / unit % base];
        }
    }
    add(m, (struct hf_str){m->encoded, len});
}

/* Base64 of the value with `before` bytes in front of it, without the characters in which others
 * have a part. */
static void add_base64(struct making *m, struct hf_bytes value, size_t before)
{
    static const size_t shared[] = {0, 2, 3};
    uint8_t room[VALUE_MAX + 3] = {0};
    size_t whole = (before + value.len) / 3 * 3;
    memcpy(room + before, value.ptr, value.len);
    hf_base64_encode(hf_bytes_of(room, whole), m->encoded);
    size_t len = whole / 3 * 4;
    if (len > shared[before]) {
        add(m, (struct hf_str){m->encoded + shared[before], len - shared[before]});
    }
    hf_wipe(room, sizeof room);
}

static void add_base32(struct making *m, struct hf_bytes value)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
    size_t len = 0;
    for (size_t i = 0; i + 5 <= value.len; i += 5) {
        uint64_t block = 0;
        for (size_t k = 0; k < 5; k++) {
            block = block << 8 | value.ptr[i + k];
        }
        for (unsigned k = 0; k < 8; k++) {
            m->encoded[len++] = letters[block >> (35 - 5 * k) & 31];
        }
    }
    add(m, (struct hf_str){m->encoded, len});
}

static void add_value(struct making *m, struct hf_bytes value)
{
    if (value.len > VALUE_MAX) {
        value = hf_bytes_of(value.ptr + (value.len - VALUE_MAX) / 2, VALUE_MAX);
    }
    memcpy(m->encoded, value.ptr, value.len);
    add(m, (struct hf_str){m->encoded, value.len});
    add_backwards(m, value);
    add_rotated(m, value);
    add_spelled(m, value, 16, "", /* all= */ true);
    add_spelled(m, value, 16, "0x", /* all= */ true);
    add_spelled(m, value, 16, "", /* all= */ false);
    add_spelled(m, value, 10, "", /* all= */ true);
    for (size_t before = 0; before < 3; before++) {
        add_base64(m, value, before);
    }
    add_base32(m, value);
}

static int by_head(const void *a, const void *b)
{
    const struct needle *x = a;
    const struct needle *y = b;
    return x->head < y->head ? -1 : x->head > y->head ? 1 : 0;
}

/* Is each value found with blanks between its characters, where it is long enough? */
static bool finds(const struct hf_disguises *d, const struct hf_secret *const *values, size_t count)
{
    char spaced[2 * VALUE_MAX] = {0};
    char squeezed[2 * VALUE_MAX];
    bool good = true;
    for (size_t i = 0; i < count && good; i++) {
        struct hf_bytes value = hf_secret_reveal(values[i]);
        if (value.len > VALUE_MAX) {
            value = hf_bytes_of(value.ptr + (value.len - VALUE_MAX) / 2, VALUE_MAX);
        }
        bool escapes = false; /* between which a blank changes what they say */
        for (size_t k = 0; k < value.len; k++) {
            spaced[2 * k] = (char)value.ptr[k];
            spaced[2 * k + 1] = ' ';
            escapes = escapes || value.ptr[k] == '\\' || value.ptr[k] == '\033';
        }
        struct hf_str text = {spaced, 2 * value.len};
        good = escapes || squeeze(WAY_WHOLE, text, squeezed) < HF_DISGUISE_MIN ||
               hf_disguised(d, text);
    }
    hf_wipe(spaced, sizeof spaced);
    hf_wipe(squeezed, sizeof squeezed);
    return good;
}

static enum hf_rc fill(struct hf_disguises *d, const struct hf_secret *const *values, size_t count,
                       struct hf_err *err)
{
    struct hf_secret room = {0};
    enum hf_rc rc = hf_secret_alloc((count * FORMS + 1) * sizeof(struct needle), &d->needles);
    rc = rc == HF_OK ? hf_secret_alloc(sizeof(struct making), &room) : rc;
    if (rc != HF_OK) {
        hf_secret_free(&room);
        return hf_err_set(err, rc, "no memory for registered secrets");
    }
    /* Sizes are multiples of eight, so what is given is aligned. */
    struct making *m = (struct making *)(void *)hf_secret_fill(&room);
    m->disguises = d;
    m->needles = (struct needle *)(void *)hf_secret_fill(&d->needles);
    for (size_t i = 0; i < count; i++) {
        add_value(m, hf_secret_reveal(values[i]));
    }
    qsort(m->needles, d->count, sizeof *m->needles, by_head);
    hf_secret_free(&room);
    return finds(d, values, count)
               ? HF_OK
               : hf_err_set(err, HF_ECORRUPT, "a secret is not found in another spelling");
}

enum hf_rc hf_disguises_new(const struct hf_secret *const *values, size_t count,
                            struct hf_disguises **ret_disguises, struct hf_err *err)
{
    struct hf_disguises *d = hf_heap_zalloc(1, sizeof *d);
    if (d == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for registered secrets");
    }
    enum hf_rc rc = fill(d, values, count, err);
    if (rc != HF_OK) {
        hf_disguises_free(d);
        return rc;
    }
    *ret_disguises = d;
    return HF_OK;
}

void hf_disguises_free(struct hf_disguises *disguises)
{
    if (disguises != NULL) {
        hf_secret_free(&disguises->needles);
        hf_heap_free(disguises);
    }
}
