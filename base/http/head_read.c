/* base/http/head_read.c: what a head means, once its grammar was found right. */
#include "base/http/head_read.h"

#include "base/assert.h"
#include "base/hex.h"

#define FINE ((struct hf_http_refusal){0, NULL})

const char *const hf_http_methods[] = {"GET",    "HEAD",    "POST",    "PUT", "PATCH",
                                       "DELETE", "OPTIONS", "CONNECT", NULL};

static struct hf_http_refusal refuse(int status, const char *reason)
{
    return (struct hf_http_refusal){status, reason};
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

bool hf_http_name_eq(struct hf_bytes name, const char *other)
{
    if (name.len != strlen(other)) {
        return false;
    }
    for (size_t i = 0; i < name.len; i++) {
        if (lower(name.ptr[i]) != lower((uint8_t)other[i])) {
            return false;
        }
    }
    return true;
}

const struct hf_http_field *hf_http_field(const struct hf_http_request *request, const char *name)
{
    for (int i = 0; i < request->field_count; i++) {
        if (hf_http_name_eq(request->fields[i].name, name)) {
            return &request->fields[i];
        }
    }
    return NULL;
}

static int count_fields(const struct hf_http_request *request, const char *name)
{
    int count = 0;
    for (int i = 0; i < request->field_count; i++) {
        count += hf_http_name_eq(request->fields[i].name, name) ? 1 : 0;
    }
    return count;
}

static bool bytes_are(struct hf_bytes bytes, const char *text)
{
    return hf_bytes_eq(bytes, hf_str_bytes(hf_str_c(text)));
}

/* What stands before the first `mark`; that and the mark are taken off. */
static struct hf_bytes cut(struct hf_bytes *rest, uint8_t mark)
{
    const uint8_t *at = memchr(rest->ptr, mark, rest->len);
    HF_ASSERT(at != NULL);
    struct hf_bytes part = hf_bytes_of(rest->ptr, (size_t)(at - rest->ptr));
    *rest = hf_bytes_of(at + 1, rest->len - part.len - 1);
    return part;
}

static struct hf_bytes trim(struct hf_bytes b)
{
    while (b.len > 0 && (b.ptr[0] == ' ' || b.ptr[0] == '\t')) {
        b = hf_bytes_of(b.ptr + 1, b.len - 1);
    }
    while (b.len > 0 && (b.ptr[b.len - 1] == ' ' || b.ptr[b.len - 1] == '\t')) {
        b.len--;
    }
    return b;
}

static void cut_head(struct hf_bytes rest, struct hf_http_request *request)
{
    request->method = cut(&rest, ' ');
    request->target = cut(&rest, ' ');
    struct hf_bytes version = cut(&rest, '\r');
    request->minor = version.ptr[version.len - 1] - '0';
    (void)cut(&rest, '\n');
    while (rest.ptr[0] != '\r') {
        HF_ASSERT(request->field_count < HF_HTTP_FIELDS_MAX);
        struct hf_http_field *field = &request->fields[request->field_count++];
        field->name = cut(&rest, ':');
        field->value = trim(cut(&rest, '\r'));
        (void)cut(&rest, '\n');
    }
}

static bool is_hex(uint8_t c)
{
    return hf_hex_digit((char)c) >= 0;
}

/* Every '%' begins an escape. */
static bool escapes_right(struct hf_bytes b)
{
    for (size_t i = 0; i < b.len; i++) {
        if (b.ptr[i] == '%' && (b.len - i < 3 || !is_hex(b.ptr[i + 1]) || !is_hex(b.ptr[i + 2]))) {
            return false;
        }
    }
    return true;
}

/* 1 to 65535, at most five digits. */
static bool port_right(struct hf_bytes b)
{
    uint32_t port = 0;
    for (size_t i = 0; i < b.len; i++) {
        if (b.ptr[i] < '0' || b.ptr[i] > '9') {
            return false;
        }
        port = port * 10 + (uint32_t)(b.ptr[i] - '0');
        if (port > UINT16_MAX) {
            return false;
        }
    }
    return b.len <= 5 && port > 0;
}

/* Length of the host at the front: a bracketed address or a name; 0 when there is none. */
static size_t host_len(struct hf_bytes b)
{
    size_t i = 0;
    if (b.len > 0 && b.ptr[0] == '[') {
        for (i = 1; i < b.len && (is_hex(b.ptr[i]) || b.ptr[i] == ':' || b.ptr[i] == '.'); i++) {
        }
        return i > 2 && i < b.len && b.ptr[i] == ']' ? i + 1 : 0;
    }
    for (; i < b.len && b.ptr[i] != ':'; i++) {
        uint8_t c = b.ptr[i];
        bool alnum = (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
        if (!alnum && (c == '\0' || strchr("-._~!$&'()*+,;=%", c) == NULL)) {
            return 0;
        }
    }
    return i;
}

/* host [":" port], never user information (RFC 9110 section 4.2.4). */
static bool authority_right(struct hf_bytes b, bool port_needed)
{
    size_t len = host_len(b);
    if (len == 0 || !escapes_right(hf_bytes_of(b.ptr, len))) {
        return false;
    }
    if (len == b.len) {
        return !port_needed;
    }
    return b.ptr[len] == ':' && port_right(hf_bytes_of(b.ptr + len + 1, b.len - len - 1));
}

/* The authority of "http://authority/..."; empty when the target has another form. */
static struct hf_bytes absolute_authority(struct hf_bytes target)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < HF_LEN(schemes); i++) {
        size_t len = strlen(schemes[i]);
        if (target.len > len && hf_http_name_eq(hf_bytes_of(target.ptr, len), schemes[i])) {
            size_t end = len;
            while (end < target.len && target.ptr[end] != '/' && target.ptr[end] != '?') {
                end++;
            }
            return hf_bytes_of(target.ptr + len, end - len);
        }
    }
    return hf_bytes_of(target.ptr, 0);
}

/* RFC 9112 section 3.2: the form of the target has to fit the method. An authority in the target
 * counts instead of the Host field. */
static struct hf_http_refusal read_target(struct hf_http_request *request)
{
    struct hf_bytes target = request->target;
    if (bytes_are(request->method, "CONNECT")) {
        if (!authority_right(target, true)) {
            return refuse(400, "The target of CONNECT is not a host and a port.");
        }
        request->host = target;
        return FINE;
    }
    if (!escapes_right(target)) {
        return refuse(400, "The target of the request has a '%' without two hexadecimal digits.");
    }
    if (target.ptr[0] == '/') {
        return FINE;
    }
    if (bytes_are(target, "*") && bytes_are(request->method, "OPTIONS")) {
        return FINE;
    }
    struct hf_bytes authority = absolute_authority(target);
    if (!authority_right(authority, false)) {
        return refuse(400, "The target of the request is neither a path nor an http URI.");
    }
    request->host = authority;
    return FINE;
}

static struct hf_http_refusal read_host(struct hf_http_request *request)
{
    int count = count_fields(request, "host");
    if (count != 1) {
        return refuse(400, count == 0 ? "The request has no Host field."
                                      : "The request has more than one Host field.");
    }
    struct hf_bytes host = hf_http_field(request, "host")->value;
    if (!authority_right(host, false)) {
        return refuse(400, "The Host field does not name a host.");
    }
    if (request->host.len == 0) {
        request->host = host;
    }
    return FINE;
}

static struct hf_http_refusal read_length(struct hf_bytes digits, uint64_t body_max,
                                          struct hf_http_request *request)
{
    bool right = digits.len > 0;
    for (size_t i = 0; i < digits.len; i++) {
        right = right && digits.ptr[i] >= '0' && digits.ptr[i] <= '9';
    }
    if (!right) {
        return refuse(400, "Content-Length is not a number.");
    }
    uint64_t length = 0;
    for (size_t i = 0; i < digits.len; i++) {
        uint64_t digit = digits.ptr[i] - (uint64_t)'0';
        if (length > (UINT64_MAX - digit) / 10 || length * 10 + digit > body_max) {
            return refuse(413, "The body is too big.");
        }
        length = length * 10 + digit;
    }
    request->has_length = true;
    request->length = length;
    return FINE;
}

static struct hf_http_refusal read_framing(struct hf_http_request *request, uint64_t body_max)
{
    int lengths = count_fields(request, "content-length");
    int codings = count_fields(request, "transfer-encoding");
    if (lengths > 1) {
        return refuse(400, "The request has more than one Content-Length field.");
    }
    if (codings > 1) {
        return refuse(400, "The request has more than one Transfer-Encoding field.");
    }
    if (lengths + codings > 1) {
        return refuse(400, "The request has both Content-Length and Transfer-Encoding.");
    }
    if (lengths + codings > 0 && bytes_are(request->method, "CONNECT")) {
        return refuse(400, "A CONNECT request has no body.");
    }
    if (lengths > 0) {
        return read_length(hf_http_field(request, "content-length")->value, body_max, request);
    }
    if (codings > 0) {
        if (request->minor == 0) {
            return refuse(400, "HTTP/1.0 has no Transfer-Encoding.");
        }
        if (!bytes_are(hf_http_field(request, "transfer-encoding")->value, "chunked")) {
            return refuse(501, "The only Transfer-Encoding taken here is exactly \"chunked\".");
        }
        request->chunked = true;
    }
    return FINE;
}

/* Connection is a list of tokens, possibly over several fields; "close" wins. */
static void read_connection(struct hf_http_request *request)
{
    bool closes = false;
    bool keeps = request->minor == 1;
    for (int i = 0; i < request->field_count; i++) {
        struct hf_bytes rest = request->fields[i].value;
        if (!hf_http_name_eq(request->fields[i].name, "connection")) {
            continue;
        }
        while (rest.len > 0) {
            const uint8_t *comma = memchr(rest.ptr, ',', rest.len);
            size_t len = comma == NULL ? rest.len : (size_t)(comma - rest.ptr);
            struct hf_bytes token = trim(hf_bytes_of(rest.ptr, len));
            closes = closes || hf_http_name_eq(token, "close");
            keeps = keeps || hf_http_name_eq(token, "keep-alive");
            len += comma == NULL ? 0 : 1;
            rest = hf_bytes_of(rest.ptr + len, rest.len - len);
        }
    }
    request->keep_alive = keeps && !closes;
}

static bool method_known(struct hf_bytes method)
{
    for (size_t i = 0; hf_http_methods[i] != NULL; i++) {
        if (bytes_are(method, hf_http_methods[i])) {
            return true;
        }
    }
    return false;
}

struct hf_http_refusal hf_head_read(struct hf_bytes head, const struct hf_http_limits *limits,
                                    struct hf_http_request *ret_request)
{
    memset(ret_request, 0, sizeof *ret_request);
    cut_head(head, ret_request);
    if (!method_known(ret_request->method)) {
        return refuse(501, "The method is not known here.");
    }
    struct hf_http_refusal refusal = read_target(ret_request);
    if (refusal.status == 0) {
        refusal = read_host(ret_request);
    }
    if (refusal.status == 0) {
        refusal = read_framing(ret_request, limits->body_max);
    }
    read_connection(ret_request);
    const struct hf_http_field *expect = hf_http_field(ret_request, "expect");
    ret_request->expect_continue =
        ret_request->minor == 1 && expect != NULL && hf_http_name_eq(expect->value, "100-continue");
    return refusal;
}
