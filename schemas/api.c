/* schemas/api.c: finds the operation of a request and takes its values. */
#include "schemas/api.h"

#include "base/hex.h"
#include "base/json_out.h"
#include "schemas/api_gen.h"

/* A target may name the server too (RFC 9112 section 3.2.2). */
static struct hf_str without_server(struct hf_str target)
{
    if (target.ptr == NULL || target.len == 0 || target.ptr[0] == '/') {
        return target;
    }
    const char *mark = memmem(target.ptr, target.len, "://", 3);
    if (mark == NULL) {
        return target;
    }
    size_t skipped = (size_t)(mark - target.ptr) + 3;
    const char *slash = memchr(target.ptr + skipped, '/', target.len - skipped);
    return slash == NULL ? HF_STR("/")
                         : (struct hf_str){slash, target.len - (size_t)(slash - target.ptr)};
}

bool hf_api_split(struct hf_str target, struct hf_api_path *ret_path)
{
    struct hf_str path = without_server(target);
    const char *mark = path.len == 0 ? NULL : memchr(path.ptr, '?', path.len);
    *ret_path = (struct hf_api_path){.count = 0};
    if (mark != NULL) {
        size_t len = (size_t)(mark - path.ptr);
        ret_path->query = (struct hf_str){mark + 1, path.len - len - 1};
        path.len = len;
    }
    while (path.len > 0 && ret_path->count < HF_API_PARTS_MAX) {
        path = (struct hf_str){path.ptr + 1, path.len - 1}; /* the slash */
        const char *slash = path.len == 0 ? NULL : memchr(path.ptr, '/', path.len);
        size_t len = slash == NULL ? path.len : (size_t)(slash - path.ptr);
        ret_path->parts[ret_path->count++] = (struct hf_str){path.ptr, len};
        path = (struct hf_str){path.ptr + len, path.len - len};
    }
    return path.len == 0;
}

static bool path_is(const struct hf_api_path *path, const char *want)
{
    unsigned part = 0;
    for (const char *at = want; *at != '\0'; part++) {
        const char *slash = strchr(at, '/');
        size_t len = slash == NULL ? strlen(at) : (size_t)(slash - at);
        struct hf_str word = {at, len};
        if (part >= path->count ||
            (!hf_str_eq(word, HF_STR("*")) && !hf_str_eq(word, path->parts[part]))) {
            return false;
        }
        at += len + (slash == NULL ? 0 : 1);
    }
    return part == path->count;
}

const struct hf_api_operation *hf_api_find(const struct hf_api_path *path, struct hf_str method,
                                           bool *ret_known)
{
    struct hf_str wanted = hf_str_eq(method, HF_STR("HEAD")) ? HF_STR("GET") : method;
    *ret_known = false;
    for (size_t i = 0; i < HF_API_COUNT; i++) {
        const struct hf_api_operation *op = &hf_api_operations[i];
        if (path_is(path, op->path)) {
            *ret_known = true;
            if (hf_str_eq(wanted, hf_str_c(op->method))) {
                return op;
            }
        }
    }
    return NULL;
}

void hf_api_allow(const struct hf_api_path *path, struct hf_writer *w)
{
    for (size_t i = 0; i < HF_API_COUNT; i++) {
        const struct hf_api_operation *op = &hf_api_operations[i];
        if (path_is(path, op->path)) {
            hf_writer_str(w, hf_str_c(op->method));
            hf_writer_str(w, strcmp(op->method, "GET") == 0 ? HF_STR(", HEAD, ") : HF_STR(", "));
        }
    }
    hf_writer_str(w, HF_STR("OPTIONS"));
}

enum hf_rc hf_api_check_params(const struct hf_api_operation *op, const struct hf_api_path *path,
                               struct hf_err *err)
{
    unsigned part = 0;
    unsigned param = 0;
    for (const char *at = op->path; at != NULL && param < HF_API_PARAMS_MAX; part++) {
        if (at[0] == '*') {
            const struct hf_field_text *rule = op->params[param++];
            enum hf_rc rc = hf_field_text_check(rule, path->parts[part], err);
            if (rc != HF_OK) {
                return hf_err_wrap(err, rc, "path");
            }
        }
        at = strchr(at, '/');
        at = at == NULL ? NULL : at + 1;
    }
    return HF_OK;
}

/* queries */

/* Appends what percent-encoded text means; false when it is not well-formed, or has control
 * characters. */
static bool decode(struct hf_str text, struct hf_buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = (uint8_t)text.ptr[i];
        size_t len = 0;
        if (c == '%') {
            if (text.len - i < 3 ||
                hf_hex_decode((struct hf_str){text.ptr + i + 1, 2}, &c, 1, &len, NULL) != HF_OK) {
                return false;
            }
            i += 2;
        } else if (c == '+') {
            return false;
        }
        if (c < 0x20 || c == 0x7F) {
            return false;
        }
        hf_buf_put(out, &c, 1);
    }
    return true;
}

/* One NAME=VALUE as a member of a JSON object. */
static enum hf_rc put_pair(struct hf_str pair, struct hf_buf *text, struct hf_json_out *json,
                           struct hf_err *err)
{
    const char *equals = pair.len == 0 ? NULL : memchr(pair.ptr, '=', pair.len);
    if (equals == NULL) {
        return hf_err_set(err, HF_EINVAL, "the query is made of NAME=VALUE, joined by &");
    }
    size_t len = (size_t)(equals - pair.ptr);
    hf_buf_clear(text);
    bool good = decode((struct hf_str){pair.ptr, len}, text);
    size_t name_len = text->len;
    good = good && decode((struct hf_str){equals + 1, pair.len - len - 1}, text) &&
           hf_utf8_valid(hf_buf_bytes(text), /* ret_at= */ NULL);
    if (!good) {
        return hf_err_set(
            err, HF_EINVAL,
            "the query is percent-encoded UTF-8: %%20 stands for a space and %%2B for "
            "a plus");
    }
    if (text->failed != HF_OK) {
        return hf_err_set(err, HF_ENOMEM, "no memory for the query");
    }
    const char *ptr = (const char *)text->ptr;
    hf_json_key(json, (struct hf_str){ptr, name_len});
    hf_json_str(json, (struct hf_str){ptr + name_len, text->len - name_len});
    return HF_OK;
}

/* The query as the text of a JSON object whose values are strings. */
static enum hf_rc query_to_json(struct hf_str query, struct hf_buf *out, struct hf_err *err)
{
    struct hf_json_out json;
    struct hf_buf text = hf_buf_init(HF_API_QUERY_MAX);
    enum hf_rc rc = HF_OK;
    hf_json_init(&json, out);
    hf_json_object_begin(&json);
    for (bool more = true; more && rc == HF_OK;) {
        const char *amp = query.len == 0 ? NULL : memchr(query.ptr, '&', query.len);
        size_t len = amp == NULL ? query.len : (size_t)(amp - query.ptr);
        rc = put_pair((struct hf_str){query.ptr, len}, &text, &json, err);
        more = amp != NULL;
        query = more ? (struct hf_str){amp + 1, query.len - len - 1} : query;
    }
    hf_json_object_end(&json);
    if (rc == HF_OK && out->failed != HF_OK) {
        rc = hf_err_set(err, HF_ENOMEM, "no memory for the query");
    }
    hf_buf_free(&text);
    return rc;
}

enum hf_rc hf_api_take_query(const struct hf_api_operation *op, struct hf_str query,
                             struct hf_arena *arena, struct hf_json_doc **ret_doc, void *ret,
                             struct hf_err *err)
{
    *ret_doc = NULL;
    if (query.len == 0) {
        return HF_OK;
    }
    if (op->take_query == NULL) {
        return hf_err_set(err, HF_EINVAL, "this call has no query; leave out what follows the ?");
    }
    if (query.len > HF_API_QUERY_MAX) {
        return hf_err_set(err, HF_EINVAL, "the query has at most %u bytes", HF_API_QUERY_MAX);
    }
    struct hf_buf text = hf_buf_init(8 * HF_API_QUERY_MAX); /* an escape has at most 6 bytes */
    enum hf_rc rc = query_to_json(query, &text, err);
    if (rc == HF_OK) {
        rc = hf_json_parse(hf_buf_bytes(&text), ret_doc, err);
        rc = rc == HF_ESYNTAX ? hf_err_set(err, HF_EINVAL, "the query names something twice") : rc;
    }
    if (rc == HF_OK) {
        rc = op->take_query(hf_json_root(*ret_doc), arena, ret, err);
        rc = rc == HF_OK ? HF_OK : hf_err_wrap(err, rc, "query");
    }
    hf_buf_free(&text);
    return rc;
}

/* bodies */

enum hf_rc hf_api_take_body(const struct hf_api_operation *op, struct hf_bytes body,
                            struct hf_arena *arena, struct hf_json_doc **ret_doc, void *ret,
                            struct hf_err *err)
{
    *ret_doc = NULL;
    if (op->body == HF_API_BYTES || (body.len == 0 && !op->needs_body)) {
        return HF_OK;
    }
    if (op->body == HF_API_NO_BODY) {
        return hf_err_set(err, HF_EINVAL, "this call has no body");
    }
    if (body.len > HF_API_BODY_MAX) {
        return hf_err_set(err, HF_ETOOBIG, "the body of this call has at most %u bytes",
                          HF_API_BODY_MAX);
    }
    enum hf_rc rc = hf_json_parse(body, ret_doc, err);
    if (rc == HF_OK && hf_json_kind(hf_json_root(*ret_doc)) != HF_JSON_OBJECT) {
        rc = hf_err_set(err, HF_EINVAL, "the body must be a JSON object");
    }
    return rc != HF_OK ? rc : op->take_body(hf_json_root(*ret_doc), arena, ret, err);
}
