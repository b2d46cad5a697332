/* wrapper/redaction/sample.c: draws tokens from patterns and mends their checksums. */
#include "wrapper/redaction/sample.h"

#include "base/base64.h"
#include "wrapper/redaction/checks.h"

/* A generator of Knuth's; what it gives only has to vary. */
static uint32_t draw(uint64_t *state, uint32_t below)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33) % below;
}

static uint8_t draw_from(const struct hf_byte_set *set, uint64_t *state)
{
    uint8_t members[256];
    uint32_t count = 0;
    for (unsigned byte = 0; byte < 256; byte++) {
        if (hf_byte_set_has(set, (uint8_t)byte)) {
            members[count++] = (uint8_t)byte;
        }
    }
    return members[draw(state, count)];
}

static void draw_pattern(const struct hf_pattern *pattern, uint64_t *state, struct hf_buf *out)
{
    for (size_t i = 0; i < pattern->count; i++) {
        for (uint16_t k = 0; k < pattern->steps[i].min; k++) {
            uint8_t byte = draw_from(&pattern->steps[i].set, state);
            hf_buf_put(out, &byte, 1);
        }
    }
}

static void draw_text(const char *alphabet, size_t len, uint64_t *state, struct hf_buf *out)
{
    uint32_t count = (uint32_t)strlen(alphabet);
    for (size_t i = 0; i < len; i++) {
        hf_buf_put(out, alphabet + draw(state, count), 1);
    }
}

static const char letters[] = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";

/* A private key that is none: two lines of letters between its marks. */
static void draw_pem(uint64_t *state, const char *line_end, struct hf_buf *out)
{
    hf_buf_printf(out, "-----BEGIN %s-----%s", "PRIVATE KEY", line_end);
    for (size_t line = 0; line < 2; line++) {
        draw_text(letters, 64, state, out);
        hf_buf_str(out, hf_str_c(line_end));
    }
    hf_buf_printf(out, "-----END %s-----", "PRIVATE KEY");
}

static void draw_pem64(uint64_t *state, struct hf_buf *out)
{
    struct hf_buf plain = hf_buf_init(1024);
    draw_pem(state, "\n", &plain);
    char text[HF_BASE64_LEN(1024) + 1];
    if (plain.failed == HF_OK) {
        hf_base64_encode(hf_buf_bytes(&plain), text);
        hf_buf_str(out, hf_str_c(text));
    } else {
        out->failed = plain.failed;
    }
    hf_buf_free(&plain);
}

static void draw_jwt(uint64_t *state, struct hf_buf *out)
{
    static const char head[] = "{\"typ\":\"JWT\",\"alg\":\"HS256\"}",
                      body[] = "{\"sub\":\"someone\"}";
    char text[64];
    hf_base64_encode(hf_bytes_of(head, sizeof head - 1), text);
    hf_buf_put(out, text, strcspn(text, "="));
    hf_base64_encode(hf_bytes_of(body, sizeof body - 1), text);
    hf_buf_printf(out, ".%.*s.", (int)strcspn(text, "="), text);
    draw_text(letters, 43, state, out);
}

static void draw_discord(uint64_t *state, struct hf_buf *out)
{
    char number[18], text[32];
    for (size_t i = 0; i < sizeof number; i++) {
        number[i] = (char)('1' + draw(state, 9));
    }
    hf_base64_encode(hf_bytes_of(number, sizeof number), text);
    hf_buf_str(out, hf_str_c(text));
    hf_buf_str(out, HF_STR("."));
    draw_text(letters, 6, state, out);
    hf_buf_str(out, HF_STR("."));
    draw_text(letters, 27, state, out);
}

#define ROUTABLE_LEN 40

/* A routable one: the checksum is the last seven characters. */
static void draw_routable(struct hf_str prefix, uint64_t *state, struct hf_buf *out)
{
    size_t begin = out->len;
    hf_buf_str(out, prefix);
    draw_text(letters, ROUTABLE_LEN, state, out);
    hf_buf_str(out, HF_STR(".1a"));
    uint8_t crc[7];
    if (out->failed == HF_OK) {
        struct hf_bytes summed = {out->ptr + begin, out->len - begin};
        hf_check_digits(hf_check_crc32(summed), 36, sizeof crc, crc);
        hf_buf_put(out, crc, sizeof crc);
    }
}

static void put(uint8_t *at, struct hf_str text)
{
    memcpy(at, text.ptr, text.len);
}

static void mend(const struct hf_shape *shape, uint8_t *match, size_t len)
{
    switch (shape->check) {
    case HF_TOKEN_GITHUB:
        hf_check_digits(hf_check_crc32(hf_bytes_of(match + 4, 30)), 62, 6, match + 34);
        break;
    case HF_TOKEN_AWS:
        match[4] = 'I'; /* below half of what an account can be */
        break;
    case HF_TOKEN_OPENAI: put(match + len - 60, HF_STR("T3BlbkFJ")); break;
    case HF_TOKEN_ANTHROPIC: put(match + len - 2, HF_STR("AA")); break;
    case HF_TOKEN_BECH32: hf_check_bech32_mend(match, len); break;
    case HF_TOKEN_MIXED: put(match + len - 3, HF_STR("aB3")); break;
    case HF_TOKEN_GITLAB:
    case HF_TOKEN_DISCORD:
    case HF_TOKEN_JWT:
    case HF_TOKEN_PEM:
    case HF_TOKEN_PEM64:
    case HF_TOKEN_NOTHING:
    default: break;
    }
}

static void draw_before(enum hf_left left, uint64_t *state, struct hf_buf *out)
{
    switch (left) {
    case HF_LEFT_DIGITS: draw_text("123456789", 10, state, out); break;
    case HF_LEFT_THREE: draw_text(letters, 3, state, out); break;
    case HF_LEFT_WORD: draw_text(letters, 14, state, out); break;
    case HF_LEFT_ANY:
    case HF_LEFT_EDGE:
    default: break;
    }
}

/* Of the pattern; every second one of GitLab's is routable where it can be. */
static void draw_form(const struct hf_shape *shape, uint64_t *state, struct hf_buf *out)
{
    struct hf_pattern pattern;
    hf_pattern_read(shape->pattern, &pattern);
    struct hf_str prefix = {shape->pattern, pattern.literal};
    bool plain = shape->check == HF_TOKEN_GITLAB && pattern.count == prefix.len + 1 &&
                 pattern.steps[prefix.len].min <= ROUTABLE_LEN;
    size_t at = out->len;
    if (plain && draw(state, 2) == 0) {
        draw_routable(prefix, state, out);
    } else {
        draw_pattern(&pattern, state, out);
    }
    if (out->failed == HF_OK) {
        mend(shape, out->ptr + at, out->len - at);
    }
}

void hf_shape_sample(const struct hf_shape *shape, uint64_t seed, struct hf_buf *out,
                     size_t *ret_at)
{
    uint64_t state = seed;
    draw_before(shape->left, &state, out);
    *ret_at = out->len;
    if (shape->check == HF_TOKEN_PEM) {
        draw_pem(&state, draw(&state, 2) == 0 ? "\n" : "\\n", out);
    } else if (shape->check == HF_TOKEN_PEM64) {
        draw_pem64(&state, out);
    } else if (shape->check == HF_TOKEN_JWT) {
        draw_jwt(&state, out);
    } else if (shape->check == HF_TOKEN_DISCORD) {
        draw_discord(&state, out);
    } else {
        draw_form(shape, &state, out);
    }
}

bool hf_shape_spoil(const struct hf_shape *shape, uint8_t *match, size_t len)
{
    uint8_t *last = match + len - 1;
    switch (shape->check) {
    case HF_TOKEN_GITHUB:
    case HF_TOKEN_BECH32: *last = *last == 'Q' ? 'P' : 'Q'; return true;
    case HF_TOKEN_GITLAB: *last = *last == '0' ? '1' : '0'; return memchr(match, '.', len) != NULL;
    case HF_TOKEN_AWS:
        match[4] = '7';
        match[5] = '7';
        return true;
    case HF_TOKEN_OPENAI: put(match + len - 60, HF_STR("T3Blbkxx")); return true;
    case HF_TOKEN_ANTHROPIC: *last = 'B'; return true;
    case HF_TOKEN_DISCORD: put(match + 8, HF_STR("aaaa")); return true;
    case HF_TOKEN_JWT:
        put(match + 4, HF_STR("____")); /* no UTF-8 */
        return true;
    case HF_TOKEN_PEM: put(match + 11, HF_STR("PUBLIC  KEY")); return true;
    case HF_TOKEN_PEM64: put(match + 16, HF_STR("AAAAAAAAAAAAAAAA")); return true;
    case HF_TOKEN_MIXED: put(match + 2, HF_STR("getelementsbytagnamename")); return true;
    case HF_TOKEN_NOTHING:
    default: return false;
    }
}
