/* base/http/head_scan.c: request line and fields, RFC 9112 without its leniencies. */
#include "base/http/head_scan.h"

#include "base/parse.h"

/* Characters by class: a token's, a target's, a field value's. */
enum {
    TOKEN = 1,
    TARGET = 2,
    VALUE = 4
};

static unsigned classes_of(uint8_t c)
{
    bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (alnum) {
        return TOKEN | TARGET | VALUE;
    }
    if (c == ' ' || c == '\t') {
        return VALUE;
    }
    if (c < 0x21 || c > 0x7E) {
        return 0;
    }
    unsigned classes = VALUE;
    if (strchr("!#$%&'*+-.^_`|~", c) != NULL) {
        classes |= TOKEN;
    }
    if (strchr("\"#<>\\^`{|}", c) == NULL) {
        classes |= TARGET;
    }
    return classes;
}

static bool all_of(struct hf_str text, unsigned class)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((classes_of((uint8_t)text.ptr[i]) & class) == 0) {
            return false;
        }
    }
    return text.len > 0;
}

/* 0: in a line; 1: after CR. A line feed stands only after CR, CR only before LF. */
bool hf_http_head_byte(unsigned *state, uint8_t byte)
{
    if (*state == 1) {
        *state = 0;
        return byte == '\n';
    }
    if (byte == '\r') {
        *state = 1;
        return true;
    }
    return byte == '\t' || (byte >= 0x20 && byte < 0x7F);
}

static bool refuse(struct hf_http_refusal *refusal, int status, const char *reason)
{
    *refusal = (struct hf_http_refusal){status, reason};
    return false;
}

static bool same(struct hf_str text, const char *word)
{
    return hf_http_name_eq(hf_str_bytes(text), word);
}

bool hf_http_name_eq(struct hf_bytes name, const char *other)
{
    size_t len = strlen(other);
    if (name.len != len) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        uint8_t a = name.ptr[i];
        uint8_t b = (uint8_t)other[i];
        a = a >= 'A' && a <= 'Z' ? (uint8_t)(a + 32) : a;
        b = b >= 'A' && b <= 'Z' ? (uint8_t)(b + 32) : b;
        if (a != b) {
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

/* The next line of the head without its CRLF; the head's bytes were seen by hf_http_head_byte. */
static struct hf_str take_line(struct hf_str *rest)
{
    const char *end = memchr(rest->ptr, '\r', rest->len);
    size_t len = end == NULL ? rest->len : (size_t)(end - rest->ptr);
    struct hf_str line = {rest->ptr, len};
    size_t used = len + 2 <= rest->len ? len + 2 : rest->len;
    *rest = (struct hf_str){rest->ptr + used, rest->len - used};
    return line;
}

static bool known_method(struct hf_str method)
{
    static const char *const methods[] = {"GET",   "HEAD",   "POST",    "PUT",
                                          "PATCH", "DELETE", "OPTIONS", "CONNECT"};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (hf_str_eq(method, hf_str_c(methods[i]))) {
            return true;
        }
    }
    return false;
}

static bool starts(struct hf_str text, const char *prefix)
{
    size_t len = strlen(prefix);
    return text.len >= len && memcmp(text.ptr, prefix, len) == 0;
}

/* host:port, with a port of digits */
static bool authority(struct hf_str text)
{
    size_t colon = text.len;
    while (colon > 0 && text.ptr[colon - 1] != ':') {
        colon--;
    }
    uint64_t port = 0;
    struct hf_str digits = {text.ptr + colon, text.len - colon};
    return colon > 1 && digits.len <= 5 && hf_parse_u64(digits, 1, 65535, &port) == HF_OK &&
           memchr(text.ptr, '/', text.len) == NULL && memchr(text.ptr, '@', text.len) == NULL;
}

static bool known_form(struct hf_str method, struct hf_str target)
{
    if (hf_str_eq(method, HF_STR("CONNECT"))) {
        return authority(target);
    }
    if (hf_str_eq(target, HF_STR("*"))) {
        return hf_str_eq(method, HF_STR("OPTIONS"));
    }
    return target.ptr[0] == '/' || starts(target, "http://") || starts(target, "https://");
}

static bool scan_version(struct hf_str version, struct hf_http_request *request,
                         struct hf_http_refusal *refusal)
{
    if (hf_str_eq(version, HF_STR("HTTP/1.1")) || hf_str_eq(version, HF_STR("HTTP/1.0"))) {
        request->minor = version.ptr[7] - '0';
        return true;
    }
    bool shaped = version.len == 8 && starts(version, "HTTP/") && version.ptr[6] == '.';
    return shaped ? refuse(refusal, 505, "The version is neither HTTP/1.1 nor HTTP/1.0.")
                  : refuse(refusal, 400, "The request line does not end with an HTTP version.");
}

static bool scan_request_line(struct hf_str line, const struct hf_http_limits *limits,
                              struct hf_http_request *request, struct hf_http_refusal *refusal)
{
    const char *first = memchr(line.ptr, ' ', line.len);
    size_t method_len = first == NULL ? line.len : (size_t)(first - line.ptr);
    struct hf_str method = {line.ptr, method_len};
    if (first == NULL || !all_of(method, TOKEN)) {
        return refuse(refusal, 400, "The request line is not METHOD TARGET VERSION.");
    }
    struct hf_str rest = {first + 1, line.len - method_len - 1};
    const char *second = memchr(rest.ptr, ' ', rest.len);
    if (second == NULL) {
        return refuse(refusal, 400, "The request line has no HTTP version.");
    }
    struct hf_str target = {rest.ptr, (size_t)(second - rest.ptr)};
    struct hf_str version = {second + 1, rest.len - target.len - 1};
    if (target.len > limits->target_max) {
        return refuse(refusal, 414, "The target is too long.");
    }
    if (!all_of(target, TARGET)) {
        return refuse(refusal, 400, "The target is empty or has a character that must be encoded.");
    }
    if (!scan_version(version, request, refusal)) {
        return false;
    }
    if (!known_method(method)) {
        return refuse(refusal, 501, "The method is not known.");
    }
    if (!known_form(method, target)) {
        return refuse(refusal, 400, "The target has a form that does not go with the method.");
    }
    request->method = hf_str_bytes(method);
    request->target = hf_str_bytes(target);
    return true;
}

static bool scan_field(struct hf_str line, struct hf_http_request *request,
                       struct hf_http_refusal *refusal)
{
    if (line.ptr[0] == ' ' || line.ptr[0] == '\t') {
        return refuse(refusal, 400, "A field goes on in the next line, which is not taken.");
    }
    const char *colon = memchr(line.ptr, ':', line.len);
    size_t name_len = colon == NULL ? 0 : (size_t)(colon - line.ptr);
    struct hf_str name = {line.ptr, name_len};
    if (colon == NULL || !all_of(name, TOKEN)) {
        return refuse(refusal, 400, "A field's name is not a token that ends at its colon.");
    }
    struct hf_str value = {colon + 1, line.len - name_len - 1};
    while (value.len > 0 && (value.ptr[0] == ' ' || value.ptr[0] == '\t')) {
        value = (struct hf_str){value.ptr + 1, value.len - 1};
    }
    while (value.len > 0 && (value.ptr[value.len - 1] == ' ' || value.ptr[value.len - 1] == '\t')) {
        value.len--;
    }
    if (value.len > 0 && !all_of(value, VALUE)) {
        return refuse(refusal, 400, "A field's value has a control or non-ASCII character.");
    }
    if (request->field_count == HF_HTTP_FIELDS_MAX) {
        return refuse(refusal, 431, "The request has too many fields.");
    }
    request->fields[request->field_count++] =
        (struct hf_http_field){hf_str_bytes(name), hf_str_bytes(value)};
    return true;
}

/* Is `word` one of the comma-separated tokens? */
static bool lists(struct hf_str value, const char *word)
{
    while (value.len > 0) {
        const char *comma = memchr(value.ptr, ',', value.len);
        size_t len = comma == NULL ? value.len : (size_t)(comma - value.ptr);
        struct hf_str token = {value.ptr, len};
        while (token.len > 0 && (token.ptr[0] == ' ' || token.ptr[0] == '\t')) {
            token = (struct hf_str){token.ptr + 1, token.len - 1};
        }
        while (token.len > 0 &&
               (token.ptr[token.len - 1] == ' ' || token.ptr[token.len - 1] == '\t')) {
            token.len--;
        }
        if (same(token, word)) {
            return true;
        }
        size_t used = comma == NULL ? value.len : len + 1;
        value = (struct hf_str){value.ptr + used, value.len - used};
    }
    return false;
}

static bool host_ok(struct hf_str host)
{
    for (size_t i = 0; i < host.len; i++) {
        char c = host.ptr[i];
        bool good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                    strchr("-._~:[]%", c) != NULL;
        if (!good) {
            return false;
        }
    }
    return host.len > 0;
}

/* What the fields say about framing and the connection, seen so far. */
struct framing {
    unsigned hosts;
    unsigned lengths;
    unsigned encodings;
    bool close;
    bool keep;
};

static bool scan_framing_field(const struct hf_http_field *field,
                               const struct hf_http_limits *limits, struct framing *seen,
                               struct hf_http_request *request, struct hf_http_refusal *refusal)
{
    struct hf_str value = hf_bytes_str(field->value);
    if (hf_http_name_eq(field->name, "host")) {
        seen->hosts++;
        request->host = field->value;
        return host_ok(value) || refuse(refusal, 400, "The Host field is not a host.");
    }
    if (hf_http_name_eq(field->name, "content-length")) {
        seen->lengths++;
        if (value.len == 0 || value.len > 18 ||
            hf_parse_u64(value, 0, UINT64_MAX, &request->length) != HF_OK) {
            return refuse(refusal, 400, "The Content-Length is not a number.");
        }
        request->has_length = true;
        return request->length <= limits->body_max || refuse(refusal, 413, "The body is too big.");
    }
    if (hf_http_name_eq(field->name, "transfer-encoding")) {
        seen->encodings++;
        request->chunked = true;
        return same(value, "chunked") ||
               refuse(refusal, 501, "The only Transfer-Encoding that is taken is chunked.");
    }
    if (hf_http_name_eq(field->name, "expect")) {
        request->expect_continue = same(value, "100-continue");
        return request->expect_continue ||
               refuse(refusal, 417, "The only expectation that is known is 100-continue.");
    }
    if (hf_http_name_eq(field->name, "connection")) {
        seen->close = seen->close || lists(value, "close");
        seen->keep = seen->keep || lists(value, "keep-alive");
    }
    return true;
}

static bool check_framing(const struct framing *seen, struct hf_http_request *request,
                          struct hf_http_refusal *refusal)
{
    if (seen->hosts != 1) {
        return refuse(refusal, 400, "The request does not have exactly one Host field.");
    }
    if (seen->lengths > 1 || seen->encodings > 1) {
        return refuse(refusal, 400, "The length of the body is given twice.");
    }
    if (seen->lengths + seen->encodings > 1) {
        return refuse(refusal, 400, "Content-Length and Transfer-Encoding exclude each other.");
    }
    if (seen->encodings > 0 && request->minor == 0) {
        return refuse(refusal, 400, "HTTP/1.0 has no Transfer-Encoding.");
    }
    request->keep_alive = !seen->close && (request->minor == 1 || seen->keep);
    return true;
}

bool hf_http_head_scan(struct hf_bytes head, const struct hf_http_limits *limits,
                       struct hf_http_request *ret_request, struct hf_http_refusal *ret_refusal)
{
    struct hf_str rest = hf_bytes_str(head);
    struct framing seen = {0};
    memset(ret_request, 0, offsetof(struct hf_http_request, fields));
    ret_request->field_count = 0;
    if (!scan_request_line(take_line(&rest), limits, ret_request, ret_refusal)) {
        return false;
    }
    for (;;) {
        struct hf_str line = take_line(&rest);
        if (line.len == 0) {
            break;
        }
        if (!scan_field(line, ret_request, ret_refusal) ||
            !scan_framing_field(&ret_request->fields[ret_request->field_count - 1], limits, &seen,
                                ret_request, ret_refusal)) {
            return false;
        }
    }
    return check_framing(&seen, ret_request, ret_refusal);
}
