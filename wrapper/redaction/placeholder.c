/* wrapper/redaction/placeholder.c: placeholders from values, and back to their canonical form. */
#include "wrapper/redaction/placeholder.h"

#include "base/assert.h"

#define DIGITS 13 /* times 5 are 65 bits */
#define PREFIX "HFX_"

/* Crockford's: no I, L, O, U, which people and models take for other characters. */
static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

bool hf_placeholder_kind_valid(struct hf_str kind)
{
    for (size_t i = 0; i < kind.len; i++) {
        char c = kind.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) {
            return false;
        }
    }
    return kind.len > 0 && kind.len <= HF_REDACTION_KIND_MAX;
}

/* x times the generator of GF(32), modulo x^5 + x^2 + 1. */
static unsigned times_generator(unsigned x)
{
    x <<= 1;
    return (x & 0x20) != 0 ? x ^ 0x25 : x;
}

/* Horner's scheme: every symbol has a weight of its own, as the generator's order is 31 and there
 * are at most 16 + 13 symbols. */
static char check_of(struct hf_str kind, const uint8_t digits[DIGITS])
{
    unsigned sum = 0;
    for (size_t i = 0; i < kind.len; i++) {
        sum = times_generator(sum) ^ ((uint8_t)kind.ptr[i] & 31);
    }
    for (size_t i = 0; i < DIGITS; i++) {
        sum = times_generator(sum) ^ digits[i];
    }
    return alphabet[times_generator(sum)];
}

static void write_out(struct hf_str kind, const uint8_t digits[DIGITS], struct hf_placeholder *ret)
{
    struct hf_writer w = hf_writer_init(ret->text, sizeof ret->text);
    hf_writer_str(&w, HF_STR(PREFIX));
    hf_writer_str(&w, kind);
    hf_writer_u8(&w, '_');
    for (size_t i = 0; i < DIGITS; i++) {
        hf_writer_u8(&w, (uint8_t)alphabet[digits[i]]);
    }
    hf_writer_u8(&w, (uint8_t)check_of(kind, digits));
    HF_ASSERT(!w.overflow);
    ret->len = (uint8_t)w.len;
}

void hf_placeholder_make(const struct hf_hmac_key *key, struct hf_str kind, struct hf_bytes value,
                         struct hf_placeholder *ret)
{
    HF_ASSERT(hf_placeholder_kind_valid(kind));
    uint8_t head[HF_REDACTION_KIND_MAX + 1] = {0};
    memcpy(head, kind.ptr, kind.len);
    struct hf_hash mac;
    hf_hmac_key_sha256(key, hf_bytes_of(head, kind.len + 1), value, &mac);
    uint8_t digits[DIGITS];
    for (size_t i = 0; i < DIGITS; i++) {
        size_t bit = 5 * i;
        unsigned pair = hf_be16_get(mac.b + bit / 8);
        digits[i] = (uint8_t)(pair >> (11 - bit % 8) & 31);
    }
    write_out(kind, digits, ret);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static int digit_of(char c)
{
    char upper = c >= 'a' && c <= 'z' ? (char)(c & ~0x20) : c;
    const char *at = upper == '\0' ? NULL : strchr(alphabet, upper);
    return at == NULL ? -1 : (int)(at - alphabet);
}

bool hf_placeholder_parse(struct hf_str text, struct hf_placeholder *ret)
{
    size_t at = sizeof PREFIX - 1;
    for (size_t i = 0; i < at; i++) {
        if (i >= text.len || lower(text.ptr[i]) != lower(PREFIX[i])) {
            return false;
        }
    }
    char kind[HF_REDACTION_KIND_MAX];
    size_t kind_len = 0;
    while (at < text.len && text.ptr[at] != '_' && kind_len < sizeof kind) {
        kind[kind_len++] = lower(text.ptr[at++]);
    }
    struct hf_str name = {kind, kind_len};
    if (!hf_placeholder_kind_valid(name) || at >= text.len || text.ptr[at] != '_' ||
        text.len - at - 1 < DIGITS + 1) {
        return false;
    }
    at++;
    uint8_t digits[DIGITS];
    for (size_t i = 0; i < DIGITS; i++) {
        int digit = digit_of(text.ptr[at + i]);
        if (digit < 0) {
            return false;
        }
        digits[i] = (uint8_t)digit;
    }
    int check = digit_of(text.ptr[at + DIGITS]);
    if (check < 0 || alphabet[check] != check_of(name, digits)) {
        return false;
    }
    write_out(name, digits, ret);
    return true;
}
