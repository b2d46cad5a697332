/* base/json_in.c: the one home of jansson.
 *
 * A struct hf_json is a jansson value under another name: it has no fields of its own, so the
 * pointer is converted and never looked into.
 */
#include "base/json_in.h"

#include <jansson.h>

#include "base/assert.h"
#include "base/heap.h"
#include "base/parse.h"

struct hf_json_doc {
    json_t *root;
};

static const json_t *inner(const struct hf_json *value)
{
    return (const json_t *)(const void *)value;
}

static const struct hf_json *outer(const json_t *value)
{
    return (const struct hf_json *)(const void *)value;
}

enum hf_rc hf_json_parse(struct hf_bytes text, struct hf_json_doc **ret_doc, struct hf_err *err)
{
    if (text.len > HF_JSON_IN_MAX) {
        return hf_err_set(err, HF_ETOOBIG, "the JSON has %zu bytes, at most %u are read", text.len,
                          HF_JSON_IN_MAX);
    }
    struct hf_json_doc *doc = hf_heap_zalloc(1, sizeof *doc);
    if (doc == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for JSON");
    }
    json_error_t error;
    doc->root = json_loadb(text.len == 0 ? "" : (const char *)text.ptr, text.len,
                           JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (doc->root == NULL) {
        hf_heap_free(doc);
        return hf_err_set(err, HF_ESYNTAX, "not JSON: line %d, column %d: %s", error.line,
                          error.column, error.text);
    }
    *ret_doc = doc;
    return HF_OK;
}

void hf_json_free(struct hf_json_doc *doc)
{
    if (doc != NULL) {
        json_decref(doc->root);
        hf_heap_free(doc);
    }
}

const struct hf_json *hf_json_root(const struct hf_json_doc *doc)
{
    return outer(doc->root);
}

enum hf_json_kind hf_json_kind(const struct hf_json *value)
{
    switch (json_typeof(inner(value))) {
    case JSON_OBJECT: return HF_JSON_OBJECT;
    case JSON_ARRAY: return HF_JSON_ARRAY;
    case JSON_STRING: return HF_JSON_STR;
    case JSON_INTEGER: return HF_JSON_INT;
    case JSON_REAL: return HF_JSON_REAL;
    case JSON_TRUE:
    case JSON_FALSE: return HF_JSON_BOOL;
    case JSON_NULL: return HF_JSON_NULL;
    }
    return HF_JSON_NULL;
}

const char *hf_json_kind_name(enum hf_json_kind kind)
{
    switch (kind) {
    case HF_JSON_NULL: return "null";
    case HF_JSON_BOOL: return "a boolean";
    case HF_JSON_INT: return "an integer";
    case HF_JSON_REAL: return "a number with a fraction";
    case HF_JSON_STR: return "a string";
    case HF_JSON_ARRAY: return "an array";
    case HF_JSON_OBJECT: return "an object";
    }
    return "?";
}

bool hf_json_as_bool(const struct hf_json *value)
{
    return json_is_true(inner(value));
}

int64_t hf_json_as_i64(const struct hf_json *value)
{
    return json_integer_value(inner(value));
}

double hf_json_as_real(const struct hf_json *value)
{
    return json_number_value(inner(value));
}

struct hf_str hf_json_as_str(const struct hf_json *value)
{
    return (struct hf_str){json_string_value(inner(value)), json_string_length(inner(value))};
}

size_t hf_json_count(const struct hf_json *value)
{
    return hf_json_kind(value) == HF_JSON_ARRAY ? json_array_size(inner(value))
                                                : json_object_size(inner(value));
}

const struct hf_json *hf_json_at(const struct hf_json *array, size_t index)
{
    return outer(json_array_get(inner(array), index));
}

const struct hf_json *hf_json_get(const struct hf_json *object, const char *key)
{
    return outer(json_object_get(inner(object), key));
}

const struct hf_json *hf_json_member(const struct hf_json *object, size_t index,
                                     struct hf_str *ret_key)
{
    /* jansson iterates over objects that are not const; it changes nothing. */
    union {
        const json_t *in;
        json_t *out;
    } pointer = {.in = inner(object)};

    void *at = json_object_iter(pointer.out);
    for (; at != NULL && index > 0; index--) {
        at = json_object_iter_next(pointer.out, at);
    }
    HF_ASSERT(at != NULL);
    *ret_key = hf_str_c(json_object_iter_key(at));
    return outer(json_object_iter_value(at));
}

enum hf_rc hf_json_to_u64(const struct hf_json *value, uint64_t *ret)
{
    enum hf_json_kind kind = hf_json_kind(value);
    if (kind == HF_JSON_STR) {
        return hf_parse_u64(hf_json_as_str(value), 0, UINT64_MAX, ret) == HF_OK ? HF_OK : HF_EINVAL;
    }
    if (kind != HF_JSON_INT || hf_json_as_i64(value) < 0) {
        return HF_EINVAL;
    }
    *ret = (uint64_t)hf_json_as_i64(value);
    return HF_OK;
}

enum hf_rc hf_json_to_i64(const struct hf_json *value, int64_t *ret)
{
    enum hf_json_kind kind = hf_json_kind(value);
    if (kind == HF_JSON_STR) {
        return hf_parse_i64(hf_json_as_str(value), INT64_MIN, INT64_MAX, ret) == HF_OK ? HF_OK
                                                                                       : HF_EINVAL;
    }
    if (kind != HF_JSON_INT) {
        return HF_EINVAL;
    }
    *ret = hf_json_as_i64(value);
    return HF_OK;
}

/* members of what others wrote */

static const struct hf_json *any_member(const struct hf_json *object, const char *key)
{
    return object != NULL && hf_json_kind(object) == HF_JSON_OBJECT ? hf_json_get(object, key)
                                                                    : NULL;
}

const struct hf_json *hf_json_get_kind(const struct hf_json *object, const char *key,
                                       enum hf_json_kind kind)
{
    const struct hf_json *value = any_member(object, key);
    return value != NULL && hf_json_kind(value) == kind ? value : NULL;
}

struct hf_str hf_json_get_str(const struct hf_json *object, const char *key)
{
    const struct hf_json *value = hf_json_get_kind(object, key, HF_JSON_STR);
    return value == NULL ? HF_STR("") : hf_json_as_str(value);
}

bool hf_json_take_u64(const struct hf_json *object, const char *key, uint64_t max, uint64_t *ret)
{
    uint64_t number = 0;
    const struct hf_json *value = any_member(object, key);
    if (value == NULL || hf_json_to_u64(value, &number) != HF_OK || number > max) {
        return false;
    }
    *ret = number;
    return true;
}

uint64_t hf_json_get_u64(const struct hf_json *object, const char *key)
{
    uint64_t number = 0;
    return hf_json_take_u64(object, key, UINT64_MAX, &number) ? number : 0;
}

bool hf_json_get_bool(const struct hf_json *object, const char *key)
{
    const struct hf_json *value = hf_json_get_kind(object, key, HF_JSON_BOOL);
    return value != NULL && hf_json_as_bool(value);
}

bool hf_json_take_text(const struct hf_json *object, const char *key, char *out, size_t cap)
{
    const struct hf_json *value = hf_json_get_kind(object, key, HF_JSON_STR);
    struct hf_str text = value == NULL ? (struct hf_str){NULL, cap} : hf_json_as_str(value);
    if (text.len >= cap) {
        return false;
    }
    memcpy(out, text.ptr, text.len);
    out[text.len] = '\0';
    return true;
}
