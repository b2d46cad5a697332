/* wrapper/redaction/encodings.c: how JSON, URLs, HTML, hexadecimal and base64 spell a value. */
#include "wrapper/redaction/encodings.h"

#include "base/assert.h"
#include "base/base64.h"
#include "base/secret.h"

static const char hex_lower[] = "0123456789abcdef";
static const char hex_upper[] = "0123456789ABCDEF";
static const char alnum[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/* The next character; a byte that begins none is passed on as it is. False: at the end. */
static bool next_char(struct hf_bytes *io_rest, struct hf_writer *w, uint32_t *ret_code,
                      struct hf_bytes *ret_bytes)
{
    while (io_rest->len > 0) {
        size_t len;
        uint32_t code = hf_utf8_next(hf_bytes_str(*io_rest), &len);
        struct hf_bytes bytes = {io_rest->ptr, len};
        *io_rest = hf_bytes_of(io_rest->ptr + len, io_rest->len - len);
        if (len > 1 || bytes.ptr[0] < 0x80) {
            *ret_code = code;
            *ret_bytes = bytes;
            return true;
        }
        hf_writer_u8(w, bytes.ptr[0]);
    }
    return false;
}

/* Its units in UTF-16, and how many. */
static size_t utf16(uint32_t code, uint32_t units[2])
{
    if (code < 0x10000) {
        units[0] = code;
        return 1;
    }
    units[0] = 0xD800 + ((code - 0x10000) >> 10);
    units[1] = 0xDC00 + (code & 0x3FF);
    return 2;
}

static void put_u16(struct hf_writer *w, uint32_t unit, const char *digits)
{
    hf_writer_str(w, HF_STR("\\u"));
    for (int shift = 12; shift >= 0; shift -= 4) {
        hf_writer_u8(w, (uint8_t)digits[unit >> shift & 15]);
    }
}

static void put_u(struct hf_writer *w, uint32_t code, const char *digits)
{
    uint32_t units[2];
    size_t count = utf16(code, units);
    for (size_t i = 0; i < count; i++) {
        put_u16(w, units[i], digits);
    }
}

/* -- JSON -- */

enum json_style {
    JSON_LEAST,
    JSON_SOLIDUS, /* PHP: \/ */
    JSON_HTML,    /* Go: < > & as \u003c ... */
    JSON_GSON,    /* Java: = and ' too */
    JSON_NET,     /* .NET: " & ' + < > ` and whatever is not ASCII, in upper case */
    JSON_ASCII,   /* Python: nothing above 126 */
    JSON_ASCII_UPPER,
    JSON_ALL, /* every character as \u */
    JSON_ALL_UPPER,
    JSON_STYLES
};

/* The letter after the backslash of a short escape, or 0. */
static char short_escape(uint32_t code, enum json_style style)
{
    static const char from[] = "\"\\\b\f\n\r\t/", to[] = "\"\\bfnrt/";
    const char *at = code == 0 || code > 126 ? NULL : strchr(from, (int)code);
    if (at == NULL || (code == '/' && style != JSON_SOLIDUS) ||
        (code == '"' && style == JSON_NET)) {
        return '\0';
    }
    return style >= JSON_ALL ? '\0' : to[at - from];
}

static bool is_one_of(uint32_t code, const char *list)
{
    return code > 0 && code < 128 && strchr(list, (int)code) != NULL;
}

static bool must_u(uint32_t code, enum json_style style)
{
    switch (style) {
    case JSON_ALL:
    case JSON_ALL_UPPER: return true;
    case JSON_ASCII:
    case JSON_ASCII_UPPER: return code > 126 || code < 32;
    case JSON_NET: return code > 126 || code < 32 || is_one_of(code, "\"&'+<>`");
    case JSON_GSON:
    case JSON_HTML:
        return code < 32 || is_one_of(code, style == JSON_HTML ? "<>&" : "<>&='") ||
               code == 0x2028 || code == 0x2029;
    case JSON_LEAST:
    case JSON_SOLIDUS:
    case JSON_STYLES:
    default: return code < 32;
    }
}

static void json(struct hf_bytes value, struct hf_writer *w, enum json_style style)
{
    bool upper = style == JSON_NET || style == JSON_ASCII_UPPER || style == JSON_ALL_UPPER;
    const char *digits = upper ? hex_upper : hex_lower;
    uint32_t code;
    struct hf_bytes bytes;
    while (next_char(&value, w, &code, &bytes)) {
        char letter = short_escape(code, style);
        if (letter != '\0') {
            hf_writer_u8(w, '\\');
            hf_writer_u8(w, (uint8_t)letter);
        } else if (must_u(code, style)) {
            put_u(w, code, digits);
        } else {
            hf_writer_bytes(w, bytes);
        }
    }
}

/* -- URLs and HTML -- */

static bool keeps(uint8_t byte, const char *also)
{
    return byte != 0 && (strchr(alnum, byte) != NULL || strchr(also, byte) != NULL);
}

/* also: what stays besides letters and digits; NULL for nothing at all. */
static void percent(struct hf_bytes value, struct hf_writer *w, const char *also,
                    const char *digits, bool plus)
{
    for (size_t i = 0; i < value.len; i++) {
        uint8_t byte = value.ptr[i];
        if (also != NULL && keeps(byte, also)) {
            hf_writer_u8(w, byte);
        } else if (plus && byte == ' ') {
            hf_writer_u8(w, '+');
        } else {
            hf_writer_u8(w, '%');
            hf_writer_u8(w, (uint8_t)digits[byte >> 4]);
            hf_writer_u8(w, (uint8_t)digits[byte & 15]);
        }
    }
}

static void html(struct hf_bytes value, struct hf_writer *w, const char *quote,
                 const char *apostrophe)
{
    for (size_t i = 0; i < value.len; i++) {
        uint8_t byte = value.ptr[i];
        const char *name = byte == '&'    ? "&amp;"
                           : byte == '<'  ? "&lt;"
                           : byte == '>'  ? "&gt;"
                           : byte == '"'  ? quote
                           : byte == '\'' ? apostrophe
                                          : NULL;
        if (name != NULL) {
            hf_writer_str(w, hf_str_c(name));
        } else {
            hf_writer_u8(w, byte);
        }
    }
}

/* Which characters an HTML encoder writes as their numbers, besides the usual names. */
enum numbered {
    NUMBERED_FOREIGN, /* those that ASCII lacks */
    NUMBERED_SIGNS,   /* / ` = as well, as templates of JavaScript do */
    NUMBERED_ALL
};

static bool is_numbered(uint32_t code, enum numbered which)
{
    return which == NUMBERED_ALL || (which == NUMBERED_FOREIGN && code > 126) ||
           (which == NUMBERED_SIGNS && is_one_of(code, "/`="));
}

/* base: 'u', 'x' or 'X', as printf names them. */
static void html_numbers(struct hf_bytes value, struct hf_writer *w, enum numbered which, char base)
{
    uint32_t code;
    struct hf_bytes bytes;
    while (next_char(&value, w, &code, &bytes)) {
        if (!is_numbered(code, which)) {
            html(bytes, w, "&quot;", "&#39;");
        } else if (base == 'u') {
            hf_writer_printf(w, "&#%u;", code);
        } else {
            hf_writer_printf(w, base == 'X' ? "&#x%X;" : "&#x%x;", code);
        }
    }
}

/* -- strings of C, shells and Python, and wide characters -- */

/* all: of every byte, else of those that ASCII cannot show. */
static void backslash_x(struct hf_bytes value, struct hf_writer *w, bool all, const char *digits)
{
    for (size_t i = 0; i < value.len; i++) {
        uint8_t byte = value.ptr[i];
        char letter = all ? '\0' : short_escape(byte, JSON_LEAST);
        if (letter != '\0' && letter != '"') {
            hf_writer_u8(w, '\\');
            hf_writer_u8(w, (uint8_t)letter);
        } else if (all || byte < 32 || byte > 126) {
            hf_writer_str(w, HF_STR("\\x"));
            hf_writer_u8(w, (uint8_t)digits[byte >> 4]);
            hf_writer_u8(w, (uint8_t)digits[byte & 15]);
        } else {
            hf_writer_u8(w, byte);
        }
    }
}

static void put_wide(struct hf_writer *w, uint32_t unit, bool big)
{
    hf_writer_u8(w, (uint8_t)(big ? unit >> 8 : unit & 0xFF));
    hf_writer_u8(w, (uint8_t)(big ? unit & 0xFF : unit >> 8));
}

/* UTF-16. False: the value is no text. */
static bool wide(struct hf_bytes value, struct hf_writer *w, bool big)
{
    uint32_t code, units[2];
    struct hf_bytes bytes;
    if (!hf_utf8_valid(value, NULL)) {
        return false;
    }
    while (next_char(&value, w, &code, &bytes)) {
        size_t count = utf16(code, units);
        for (size_t i = 0; i < count; i++) {
            put_wide(w, units[i], big);
        }
    }
    return true;
}

static void hexadecimal(struct hf_bytes value, struct hf_writer *w, const char *digits)
{
    for (size_t i = 0; i < value.len; i++) {
        hf_writer_u8(w, (uint8_t)digits[value.ptr[i] >> 4]);
        hf_writer_u8(w, (uint8_t)digits[value.ptr[i] & 15]);
    }
}

/* Without a zero at either end, ASCII is the same in both orders of bytes. */
static void trim_wide(struct hf_writer *w)
{
    if (w->len > 0 && w->ptr[0] == 0) {
        w->ptr++;
        w->cap--;
        w->len--;
    }
    if (w->len > 0 && w->ptr[w->len - 1] == 0) {
        w->len--;
    }
}

/* -- base64 -- */

static char digit64(unsigned value, bool url)
{
    return value < 52    ? (char)(value < 26 ? 'A' + value : 'a' + value - 26)
           : value < 62  ? (char)('0' + value - 52)
           : value == 62 ? (url ? '-' : '+')
                         : (url ? '_' : '/');
}

/* The characters that depend on the value alone when `before` bytes (modulo 3) precede it. slash
 * and plus: how the two that are not letters are written. */
static void base64(struct hf_bytes value, struct hf_writer *w, size_t before, bool url,
                   const char *plus, const char *slash)
{
    size_t first = (8 * before + 5) / 6, end = 8 * (before + value.len) / 6;
    for (size_t i = first; i < end; i++) {
        size_t bit = 6 * i - 8 * before; /* of the value */
        unsigned pair = (unsigned)value.ptr[bit / 8] << 8;
        pair |= bit / 8 + 1 < value.len ? value.ptr[bit / 8 + 1] : 0;
        char c = digit64(pair >> (10 - bit % 8) & 63, url);
        if (c == '+') {
            hf_writer_str(w, hf_str_c(plus));
        } else if (c == '/') {
            hf_writer_str(w, hf_str_c(slash));
        } else {
            hf_writer_u8(w, (uint8_t)c);
        }
    }
}

/* -- all of them -- */

struct walk {
    struct hf_bytes value;
    struct hf_secret room; /* where a spelling is written */
    struct hf_secret once; /* the value in JSON, to be escaped again */
    struct hf_writer w;
    hf_spelling_fn *fn;
    void *arg;
    enum hf_rc rc;
};

static struct hf_writer *begin(struct walk *walk)
{
    size_t cap = hf_secret_reveal(&walk->room).len;
    walk->w = hf_writer_init(hf_secret_fill(&walk->room), cap);
    return &walk->w;
}

static void end(struct walk *walk, const char *name)
{
    HF_ASSERT(!walk->w.overflow);
    if (walk->rc == HF_OK) {
        walk->rc = walk->fn(walk->arg, name, hf_writer_done(&walk->w));
    }
}

static void all_json(struct walk *walk)
{
    static const char *const names[] = {
        "json",       "json with \\/",    "json for html", "json of Gson",  "json of .NET",
        "json ascii", "json ascii upper", "json \\u",      "json \\u upper"};
    for (unsigned style = JSON_LEAST; style < JSON_STYLES; style++) {
        json(walk->value, begin(walk), (enum json_style)style);
        end(walk, names[style]);
    }

    static const enum json_style twice[] = {JSON_LEAST, JSON_ASCII};

    for (size_t i = 0; i < HF_LEN(twice); i++) {
        struct hf_writer once =
            hf_writer_init(hf_secret_fill(&walk->once), hf_secret_reveal(&walk->once).len);
        json(walk->value, &once, twice[i]);
        HF_ASSERT(!once.overflow);
        json(hf_writer_done(&once), begin(walk), JSON_LEAST);
        end(walk, "json in json");
    }
}

static void all_url(struct walk *walk)
{
    /* RFC 3986's unreserved; with a path's slash; encodeURIComponent; encodeURI; forms */
    static const char *const keep[] = {"-._~", "-._~/", "-_.!~*'()", "-_.!~*'();/?:@&=+$,#",
                                       "*-._"};
    for (size_t i = 0; i < HF_LEN(keep); i++) {
        bool plus = i + 1 == HF_LEN(keep);
        percent(walk->value, begin(walk), keep[i], hex_upper, plus);
        end(walk, "percent");
        percent(walk->value, begin(walk), keep[i], hex_lower, plus);
        end(walk, "percent lower");
    }
    percent(walk->value, begin(walk), NULL, hex_upper, false);
    end(walk, "percent all");
    percent(walk->value, begin(walk), NULL, hex_lower, false);
    end(walk, "percent all lower");
    struct hf_writer once =
        hf_writer_init(hf_secret_fill(&walk->once), hf_secret_reveal(&walk->once).len);
    percent(walk->value, &once, keep[0], hex_upper, false);
    HF_ASSERT(!once.overflow);
    percent(hf_writer_done(&once), begin(walk), keep[0], hex_upper, false);
    end(walk, "percent twice");
}

static void all_base64(struct walk *walk)
{
    for (size_t before = 0; before < 3; before++) {
        base64(walk->value, begin(walk), before, false, "+", "/");
        end(walk, "base64");
        base64(walk->value, begin(walk), before, true, "", "");
        end(walk, "base64url");
        base64(walk->value, begin(walk), before, false, "+", "\\/");
        end(walk, "base64 in json");
        base64(walk->value, begin(walk), before, false, "%2B", "%2F");
        end(walk, "base64 in a url");
        base64(walk->value, begin(walk), before, false, "%2b", "%2f");
        end(walk, "base64 in a url lower");
    }
}

static void all_html(struct walk *walk)
{
    static const char *const quotes[][2] = {
        {"&quot;", "&#39;"},  {"&#34;", "&#39;"},   {"&quot;", "&#x27;"},
        {"&quot;", "&apos;"}, {"&quot;", "&#039;"},
    };
    for (size_t i = 0; i < HF_LEN(quotes); i++) {
        html(walk->value, begin(walk), quotes[i][0], quotes[i][1]);
        end(walk, "html");
    }
    html(walk->value, begin(walk), "\"", "'");
    end(walk, "html text");

    static const struct {
        enum numbered which;
        char base;
    } numbers[] = {{NUMBERED_FOREIGN, 'u'},
                   {NUMBERED_SIGNS, 'X'},
                   {NUMBERED_ALL, 'u'},
                   {NUMBERED_ALL, 'x'},
                   {NUMBERED_ALL, 'X'}};

    for (size_t i = 0; i < HF_LEN(numbers); i++) {
        html_numbers(walk->value, begin(walk), numbers[i].which, numbers[i].base);
        end(walk, "html numbers");
    }
}

static void all_strings(struct walk *walk)
{
    backslash_x(walk->value, begin(walk), false, hex_lower);
    end(walk, "\\x");
    backslash_x(walk->value, begin(walk), true, hex_lower);
    end(walk, "\\x all");
    backslash_x(walk->value, begin(walk), true, hex_upper);
    end(walk, "\\x all upper");
    for (unsigned big = 0; big < 2; big++) {
        if (wide(walk->value, begin(walk), big == 1)) {
            trim_wide(&walk->w);
            end(walk, "utf-16");
        }
    }
}

enum hf_rc hf_spellings(struct hf_bytes value, hf_spelling_fn *fn, void *arg)
{
    struct walk walk = {.value = value, .fn = fn, .arg = arg};
    size_t cap = HF_SPELLING_FACTOR * value.len + HF_SPELLING_REST;
    walk.rc = hf_secret_alloc(cap, &walk.room);
    if (walk.rc == HF_OK) {
        walk.rc = hf_secret_alloc(cap, &walk.once);
    }
    if (walk.rc == HF_OK) {
        walk.rc = fn(arg, "raw", value);
        all_json(&walk);
        all_url(&walk);
        all_html(&walk);
        all_strings(&walk);
        hexadecimal(value, begin(&walk), hex_lower);
        end(&walk, "hex");
        hexadecimal(value, begin(&walk), hex_upper);
        end(&walk, "hex upper");
        all_base64(&walk);
    }
    hf_secret_free(&walk.room);
    hf_secret_free(&walk.once);
    return walk.rc;
}
