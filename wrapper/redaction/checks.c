/* wrapper/redaction/checks.c: checksums of tokens, and what decoding them shows. */
#include "wrapper/redaction/checks.h"

#include "base/assert.h"

/* -- small decoders -- */

uint32_t hf_check_crc32(struct hf_bytes bytes)
{
    static const uint32_t half[16] = {0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC,
                                      0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
                                      0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
                                      0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C};
    uint32_t crc = 0xFFFFFFFF;
    for (size_t i = 0; i < bytes.len; i++) {
        crc ^= bytes.ptr[i];
        crc = crc >> 4 ^ half[crc & 15];
        crc = crc >> 4 ^ half[crc & 15];
    }
    return ~crc;
}

void hf_check_digits(uint32_t value, unsigned base, size_t width, uint8_t *out)
{
    static const char base36[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const char *digits = base == 36 ? base36 : base62;
    for (size_t i = width; i > 0; i--) {
        out[i - 1] = (uint8_t)digits[value % base];
        value /= base;
    }
}

/* Of base64 and base64url; -1 for anything else. */
static int value64(uint8_t c)
{
    return c >= 'A' && c <= 'Z'     ? c - 'A'
           : c >= 'a' && c <= 'z'   ? c - 'a' + 26
           : c >= '0' && c <= '9'   ? c - '0' + 52
           : (c == '+' || c == '-') ? 62
           : (c == '/' || c == '_') ? 63
                                    : -1;
}

/* Decodes characters until one is none of base64, or out is full; answers how many bytes. */
static size_t decode64(struct hf_bytes text, uint8_t *out, size_t cap)
{
    uint32_t bits = 0;
    unsigned have = 0;
    size_t len = 0;
    for (size_t i = 0; i < text.len && len < cap; i++) {
        int value = value64(text.ptr[i]);
        if (value < 0) {
            break;
        }
        bits = bits << 6 | (uint32_t)value;
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[len++] = (uint8_t)(bits >> have);
        }
    }
    return len;
}

static bool holds(struct hf_bytes bytes, const char *text)
{
    return memmem(bytes.ptr, bytes.len, text, strlen(text)) != NULL;
}

static size_t until(struct hf_bytes bytes, uint8_t end)
{
    const uint8_t *at = memchr(bytes.ptr, end, bytes.len);
    return at == NULL ? bytes.len : (size_t)(at - bytes.ptr);
}

/* -- GitHub and npm: four characters, 30, and six of the CRC. What is longer is of a form that has
 * none, or has a CRC after 30 and then something else. -- */

static enum hf_match github(struct hf_bytes match, struct hf_run *io_run)
{
    uint8_t crc[6];
    hf_check_digits(hf_check_crc32(hf_bytes_of(match.ptr + 4, 30)), 62, sizeof crc, crc);
    if (memcmp(match.ptr + 34, crc, sizeof crc) == 0) {
        io_run->at = 40;
        return HF_MATCH_YES;
    }
    return match.len > 40 ? HF_MATCH_YES : HF_MATCH_NO;
}

/* -- GitLab: a routable one goes on with ".LLCCCCCCC" or ".01.LLCCCCCCC" -- */

#define ROUTABLE_MIN 27 /* characters before the point; a token of the old form has 20 */

static bool base36(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
}

/* How many bytes of the two forms of a tail stand at the front. */
static enum hf_match gitlab_tail(struct hf_bytes bytes, bool final, size_t *ret_len)
{
    static const char *const forms[] = {".#########", ".01.#########"};
    enum hf_match found = HF_MATCH_NO;
    for (size_t i = 0; i < HF_LEN(forms); i++) {
        size_t at = 0;
        while (forms[i][at] != '\0' && at < bytes.len &&
               (forms[i][at] == '#' ? base36(bytes.ptr[at])
                                    : bytes.ptr[at] == (uint8_t)forms[i][at])) {
            at++;
        }
        if (at == bytes.len && !final) {
            found = HF_MATCH_MORE;
        } else if (forms[i][at] == '\0' && (at == bytes.len || !base36(bytes.ptr[at]))) {
            *ret_len = at;
            return HF_MATCH_YES;
        }
    }
    return found;
}

static enum hf_match gitlab(struct hf_bytes bytes, bool final, struct hf_run *io_run)
{
    size_t prefix = until(bytes, '-') + 1, tail_len;
    if (io_run->at - prefix < ROUTABLE_MIN) {
        return HF_MATCH_YES;
    }
    struct hf_bytes tail = {bytes.ptr + io_run->at, bytes.len - io_run->at};
    enum hf_match found = gitlab_tail(tail, final, &tail_len);
    if (found != HF_MATCH_YES) {
        return found == HF_MATCH_MORE ? HF_MATCH_MORE : HF_MATCH_YES;
    }
    uint8_t crc[7];
    size_t end = io_run->at + tail_len, summed = end - sizeof crc;
    hf_check_digits(hf_check_crc32(hf_bytes_of(bytes.ptr, summed)), 36, sizeof crc, crc);
    if (memcmp(bytes.ptr + summed, crc, sizeof crc) != 0) {
        return HF_MATCH_NO;
    }
    io_run->at = (uint32_t)end;
    return HF_MATCH_YES;
}

/* -- AWS: 16 characters of base32, whose bits 1 to 40 are the account; it has at most 12 digits
 * -- */

static enum hf_match aws(struct hf_bytes match)
{
    uint64_t bits = 0;
    for (size_t i = 4; i < 14; i++) {
        uint8_t c = match.ptr[i];
        bits = bits << 5 | (uint64_t)(c <= '9' ? c - '2' + 26 : c - 'A');
    }
    uint64_t account = bits >> 9 & UINT64_C(0xFFFFFFFFFF);
    return account <= UINT64_C(999999999999) ? HF_MATCH_YES : HF_MATCH_NO;
}

/* -- Bech32 -- */

static const char bech32_alphabet[] = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L";
#define AGE_READABLE 15 /* bytes of AGE-SECRET-KEY-, before the 1 that divides */

static uint32_t polymod(uint32_t sum, unsigned value)
{
    static const uint32_t generator[] = {0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD,
                                         0x2A1462B3};
    uint32_t top = sum >> 25;
    sum = (sum & 0x1FFFFFF) << 5 ^ value;
    for (size_t i = 0; i < HF_LEN(generator); i++) {
        sum ^= (top >> i & 1) != 0 ? generator[i] : 0;
    }
    return sum;
}

/* Over the human-readable part in lower case, and `len` bytes in all. */
static uint32_t age_sum(const uint8_t *bytes, size_t len)
{
    size_t readable = AGE_READABLE;
    uint32_t sum = 1;
    for (size_t i = 0; i < readable; i++) {
        sum = polymod(sum, (bytes[i] | 0x20U) >> 5);
    }
    sum = polymod(sum, 0);
    for (size_t i = 0; i < readable; i++) {
        sum = polymod(sum, (bytes[i] | 0x20U) & 31);
    }
    for (size_t i = readable + 1; i < len; i++) {
        const char *at = strchr(bech32_alphabet, bytes[i]);
        HF_ASSERT(at != NULL && bytes[i] != 0);
        sum = polymod(sum, (unsigned)(at - bech32_alphabet));
    }
    return sum;
}

void hf_check_bech32_mend(uint8_t *bytes, size_t len)
{
    uint32_t sum = age_sum(bytes, len - 6);
    for (int i = 0; i < 6; i++) {
        sum = polymod(sum, 0);
    }
    sum ^= 1;
    for (size_t i = 0; i < 6; i++) {
        bytes[len - 6 + i] = (uint8_t)bech32_alphabet[sum >> (5 * (5 - i)) & 31];
    }
}

/* -- what decoding shows -- */

static enum hf_match discord(struct hf_bytes match)
{
    uint8_t number[32];
    size_t len = decode64(hf_bytes_of(match.ptr, until(match, '.')), number, sizeof number);
    for (size_t i = 0; i < len; i++) {
        if (number[i] < '0' || number[i] > '9') {
            return HF_MATCH_NO;
        }
    }
    return len >= 17 && len <= 20 ? HF_MATCH_YES : HF_MATCH_NO;
}

static enum hf_match jwt(struct hf_bytes match)
{
    uint8_t head[1536];
    size_t len = decode64(hf_bytes_of(match.ptr, until(match, '.')), head, sizeof head);
    for (size_t i = 0; i < len; i++) {
        if (head[i] < 0x09) {
            return HF_MATCH_NO;
        }
    }
    struct hf_bytes json = {head, len};
    return hf_utf8_valid(json, NULL) && len > 8 && head[0] == '{' && head[len - 1] == '}' &&
                   holds(json, "\"alg\"")
               ? HF_MATCH_YES
               : HF_MATCH_NO;
}

static enum hf_match mixed(struct hf_bytes match)
{
    bool upper = false, lower = false, digit = false;
    for (size_t i = 2; i < match.len; i++) {
        uint8_t c = match.ptr[i];
        upper = upper || (c >= 'A' && c <= 'Z');
        lower = lower || (c >= 'a' && c <= 'z');
        digit = digit || (c >= '0' && c <= '9');
    }
    return upper && lower && digit ? HF_MATCH_YES : HF_MATCH_NO;
}

/* -- private keys -- */

#define LINE_MIN 32  /* characters without a gap: no prose has that */
#define HEAD_MAX 512 /* bytes before the first such line: Proc-Type, Comment ... */

enum {
    PEM_BEGUN = 1,
    PEM_LONG
};

static bool ends_with(struct hf_bytes bytes, const char *text)
{
    size_t len = strlen(text);
    return bytes.len >= len && memcmp(bytes.ptr + bytes.len - len, text, len) == 0;
}

/* "-----END LABEL-----" at the front of bytes. */
static enum hf_match pem_end(struct hf_bytes bytes, bool final, size_t *ret_len)
{
    static const char mark[] = "-----END ";
    size_t at = 0;
    while (at < sizeof mark - 1 && at < bytes.len && bytes.ptr[at] == (uint8_t)mark[at]) {
        at++;
    }
    while (at >= sizeof mark - 1 && at < 80 && at < bytes.len && bytes.ptr[at] != '-') {
        at++;
    }
    size_t dashes = 0;
    while (at >= sizeof mark && dashes < 5 && at < bytes.len && bytes.ptr[at] == '-') {
        at++;
        dashes++;
    }
    *ret_len = at;
    if (dashes == 5) {
        return HF_MATCH_YES;
    }
    return at == bytes.len && !final ? HF_MATCH_MORE : HF_MATCH_NO;
}

/* Line ends, the backslashes of line ends in JSON, and what stands in the lines of a head. */
static bool pem_body(uint8_t c)
{
    return c != 0 && strchr(" \t\r\n\\:,.()-_=", c) != NULL;
}

static bool pem_label(struct hf_bytes match)
{
    struct hf_bytes label = {match.ptr, match.len - 5};
    return ends_with(label, "PRIVATE KEY") || ends_with(label, "PRIVATE KEY BLOCK");
}

static enum hf_match pem(struct hf_bytes bytes, bool final, struct hf_run *io_run)
{
    if (io_run->mark == 0) {
        if (!pem_label(hf_bytes_of(bytes.ptr, io_run->at))) {
            return HF_MATCH_NO;
        }
        io_run->mark = PEM_BEGUN;
        io_run->count = 0;
    }
    while (io_run->at < bytes.len && io_run->at < HF_TOKEN_PEM_MAX) {
        uint8_t c = bytes.ptr[io_run->at];
        if (c == '-') {
            size_t len;
            enum hf_match end =
                pem_end(hf_bytes_of(bytes.ptr + io_run->at, bytes.len - io_run->at), final, &len);
            if (end != HF_MATCH_NO) {
                io_run->at += end == HF_MATCH_YES ? (uint32_t)len : 0;
                return end == HF_MATCH_YES && io_run->mark != PEM_LONG ? HF_MATCH_NO : end;
            }
        }
        bool letter = c != '-' && c != '_' && value64(c) >= 0;
        if (!letter && !pem_body(c)) {
            return io_run->mark == PEM_LONG ? HF_MATCH_YES : HF_MATCH_NO;
        }
        if (!letter) {
            io_run->count = 0;
        } else if (io_run->count < LINE_MIN) {
            io_run->count++;
        }
        io_run->mark = io_run->count == LINE_MIN ? PEM_LONG : io_run->mark;
        io_run->at++;
        if (io_run->mark != PEM_LONG && io_run->at > HEAD_MAX) {
            return HF_MATCH_NO;
        }
    }
    if (io_run->at < HF_TOKEN_PEM_MAX && !final) {
        return HF_MATCH_MORE;
    }
    return io_run->mark == PEM_LONG ? HF_MATCH_YES : HF_MATCH_NO;
}

static enum hf_match pem64(struct hf_bytes bytes, bool final, struct hf_run *io_run)
{
    if (io_run->mark == 0) {
        uint8_t head[64];
        size_t len = decode64(hf_bytes_of(bytes.ptr, io_run->at), head, sizeof head);
        if (!holds(hf_bytes_of(head, len), "PRIVATE KEY")) {
            return HF_MATCH_NO;
        }
        io_run->mark = PEM_BEGUN;
    }
    while (io_run->at < bytes.len && io_run->at < HF_TOKEN_PEM_MAX &&
           (value64(bytes.ptr[io_run->at]) >= 0 || bytes.ptr[io_run->at] == '=')) {
        io_run->at++;
    }
    return io_run->at == bytes.len && io_run->at < HF_TOKEN_PEM_MAX && !final ? HF_MATCH_MORE
                                                                              : HF_MATCH_YES;
}

enum hf_match hf_check_run(enum hf_check check, struct hf_bytes bytes, bool final,
                           struct hf_run *io_run)
{
    struct hf_bytes match = {bytes.ptr, io_run->at};
    switch (check) {
    case HF_TOKEN_GITHUB: return github(match, io_run);
    case HF_TOKEN_GITLAB: return gitlab(bytes, final, io_run);
    case HF_TOKEN_AWS: return aws(match);
    case HF_TOKEN_OPENAI: return holds(match, "T3BlbkFJ") ? HF_MATCH_YES : HF_MATCH_NO;
    case HF_TOKEN_ANTHROPIC: return ends_with(match, "AA") ? HF_MATCH_YES : HF_MATCH_NO;
    case HF_TOKEN_BECH32: return age_sum(match.ptr, match.len) == 1 ? HF_MATCH_YES : HF_MATCH_NO;
    case HF_TOKEN_DISCORD: return discord(match);
    case HF_TOKEN_JWT: return jwt(match);
    case HF_TOKEN_PEM: return pem(bytes, final, io_run);
    case HF_TOKEN_PEM64: return pem64(bytes, final, io_run);
    case HF_TOKEN_MIXED: return mixed(match);
    case HF_TOKEN_NOTHING:
    default: return HF_MATCH_YES;
    }
}
