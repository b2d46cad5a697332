/* schemas/field.c: checks members of events and says what each of them needs. */
#include "schemas/field.h"

#include <inttypes.h>

#include "base/hex.h"
#include "base/parse.h"
#include "schemas/canonical.h"
#include "schemas/envelope.h"

static const char *colon_name(const char *name)
{
    return name == NULL ? "" : name;
}

static const char *colon(const char *name)
{
    return name == NULL ? "" : ": ";
}

enum hf_rc hf_field_text_fault(const struct hf_field_text *rule, struct hf_err *err)
{
    bool any = rule->shape == NULL;
    return hf_err_set(err, HF_EINVAL, "%s%sneeds text of %zu to %zu bytes%s%s",
                      colon_name(rule->name), colon(rule->name), rule->min, rule->max,
                      any ? "" : " out of ", any ? "" : rule->shape);
}

enum hf_rc hf_field_bytes_fault(const struct hf_field_bytes *rule, struct hf_err *err)
{
    if (rule->min == rule->max) {
        return hf_err_set(err, HF_EINVAL, "%s%sneeds %zu bytes (hexadecimal in JSON)",
                          colon_name(rule->name), colon(rule->name), rule->min);
    }
    return hf_err_set(err, HF_EINVAL, "%s%sneeds %zu to %zu bytes (hexadecimal in JSON)",
                      colon_name(rule->name), colon(rule->name), rule->min, rule->max);
}

enum hf_rc hf_field_sealed_fault(const struct hf_field_bytes *rule, struct hf_err *err)
{
    return hf_err_set(err, HF_EINVAL, "%s%sneeds sealed data of %zu to %zu bytes",
                      colon_name(rule->name), colon(rule->name), rule->min, rule->max);
}

enum hf_rc hf_field_u64_fault(const struct hf_field_u64 *rule, struct hf_err *err)
{
    return hf_err_set(err, HF_EINVAL, "%s%sneeds an integer from %" PRIu64 " to %" PRIu64,
                      colon_name(rule->name), colon(rule->name), rule->min, rule->max);
}

enum hf_rc hf_field_i64_fault(const struct hf_field_i64 *rule, struct hf_err *err)
{
    return hf_err_set(err, HF_EINVAL, "%s%sneeds an integer from %" PRId64 " to %" PRId64,
                      colon_name(rule->name), colon(rule->name), rule->min, rule->max);
}

enum hf_rc hf_field_choice_fault(const struct hf_field_choice *rule, struct hf_err *err)
{
    char list[256];
    struct hf_writer w = hf_writer_init(list, sizeof list);
    for (size_t i = 0; i < rule->count; i++) {
        /* Leave room for the dots: a list cut in the middle would name a value that is none. */
        if (w.len + rule->names[i].len + 6 > sizeof list) {
            hf_writer_str(&w, HF_STR(", ..."));
            break;
        }
        if (i > 0) {
            hf_writer_str(&w, HF_STR(", "));
        }
        hf_writer_str(&w, rule->names[i]);
    }
    return hf_err_set(err, HF_EINVAL, "%s%sneeds one of %.*s", colon_name(rule->name),
                      colon(rule->name), (int)w.len, list);
}

enum hf_rc hf_field_bool_fault(const char *name, struct hf_err *err)
{
    return hf_err_set(err, HF_EINVAL, "%s%sneeds true or false", colon_name(name), colon(name));
}

enum hf_rc hf_field_time_fault(const char *name, struct hf_err *err)
{
    return hf_err_set(err, HF_EINVAL,
                      "%s%sneeds a time in UTC from 1970 to 9999 (in JSON such as "
                      "\"2026-01-02T03:04:05.678901Z\")",
                      colon_name(name), colon(name));
}

enum hf_rc hf_field_array_fault(const char *name, size_t max, struct hf_err *err)
{
    return hf_err_set(err, HF_EINVAL, "%s%sneeds an array of at most %zu elements",
                      colon_name(name), colon(name), max);
}

enum hf_rc hf_field_absent(const char *name, struct hf_err *err)
{
    return hf_err_set(err, HF_EINVAL, "%s: is missing", name);
}

enum hf_rc hf_field_text_check(const struct hf_field_text *rule, struct hf_str value,
                               struct hf_err *err)
{
    if (!hf_field_text_ok(rule, value) || !hf_utf8_valid(hf_str_bytes(value), /* ret_at= */ NULL)) {
        return hf_field_text_fault(rule, err);
    }
    return HF_OK;
}

enum hf_rc hf_field_bytes_check(const struct hf_field_bytes *rule, struct hf_bytes value,
                                struct hf_err *err)
{
    bool ok = value.len >= rule->min && value.len <= rule->max;
    return ok ? HF_OK : hf_field_bytes_fault(rule, err);
}

enum hf_rc hf_field_sealed_check(const struct hf_field_bytes *rule, struct hf_bytes value,
                                 struct hf_err *err)
{
    bool ok = value.len >= rule->min && value.len <= rule->max && value.len >= HF_SEALED_MIN &&
              value.ptr[0] == HF_SEALED_FORMAT;
    return ok ? HF_OK : hf_field_sealed_fault(rule, err);
}

enum hf_rc hf_field_u64_check(const struct hf_field_u64 *rule, uint64_t value, struct hf_err *err)
{
    bool ok = value >= rule->min && value <= rule->max;
    return ok ? HF_OK : hf_field_u64_fault(rule, err);
}

enum hf_rc hf_field_i64_check(const struct hf_field_i64 *rule, int64_t value, struct hf_err *err)
{
    bool ok = value >= rule->min && value <= rule->max;
    return ok ? HF_OK : hf_field_i64_fault(rule, err);
}

enum hf_rc hf_field_choice_check(const struct hf_field_choice *rule, size_t value,
                                 struct hf_err *err)
{
    return value < rule->count ? HF_OK : hf_field_choice_fault(rule, err);
}

enum hf_rc hf_field_time_check(const char *name, int64_t value, struct hf_err *err)
{
    bool ok = value >= 0 && value <= HF_ENVELOPE_TIME_MAX;
    return ok ? HF_OK : hf_field_time_fault(name, err);
}

enum hf_rc hf_field_text_json(const struct hf_field_text *rule, const struct hf_json *value,
                              struct hf_str *ret, struct hf_err *err)
{
    if (value == NULL || hf_json_kind(value) != HF_JSON_STR) {
        return hf_field_text_fault(rule, err);
    }
    *ret = hf_json_as_str(value);
    return hf_field_text_check(rule, *ret, err);
}

enum hf_rc hf_field_bytes_json(const struct hf_field_bytes *rule, const struct hf_json *value,
                               struct hf_arena *arena, struct hf_bytes *ret, struct hf_err *err)
{
    if (value == NULL || hf_json_kind(value) != HF_JSON_STR) {
        return hf_field_bytes_fault(rule, err);
    }
    struct hf_str text = hf_json_as_str(value);
    size_t len = text.len / 2;
    if (text.len % 2 != 0 || len < rule->min || len > rule->max) {
        return hf_field_bytes_fault(rule, err);
    }
    uint8_t *copy = hf_arena_alloc(arena, len + 1, 1);
    if (copy == NULL) {
        return hf_err_set(err, HF_ENOMEM, "%s: out of memory", colon_name(rule->name));
    }
    size_t at;
    if (hf_hex_decode(text, copy, len, &len, &at) != HF_OK) {
        return hf_field_bytes_fault(rule, err);
    }
    *ret = hf_bytes_of(copy, len);
    return HF_OK;
}

enum hf_rc hf_field_sealed_json(const struct hf_field_bytes *rule, const struct hf_json *value,
                                struct hf_arena *arena, struct hf_bytes *ret, struct hf_err *err)
{
    enum hf_rc rc = hf_field_bytes_json(rule, value, arena, ret, err);
    return rc != HF_OK ? rc : hf_field_sealed_check(rule, *ret, err);
}

enum hf_rc hf_field_u64_json(const struct hf_field_u64 *rule, const struct hf_json *value,
                             uint64_t *ret, struct hf_err *err)
{
    if (value == NULL || hf_json_to_u64(value, ret) != HF_OK) {
        return hf_field_u64_fault(rule, err);
    }
    return hf_field_u64_check(rule, *ret, err);
}

enum hf_rc hf_field_i64_json(const struct hf_field_i64 *rule, const struct hf_json *value,
                             int64_t *ret, struct hf_err *err)
{
    if (value == NULL || hf_json_to_i64(value, ret) != HF_OK) {
        return hf_field_i64_fault(rule, err);
    }
    return hf_field_i64_check(rule, *ret, err);
}

static bool choice_find(const struct hf_field_choice *rule, struct hf_str text, size_t *ret)
{
    for (size_t i = 0; i < rule->count; i++) {
        if (hf_str_eq(rule->names[i], text)) {
            *ret = i;
            return true;
        }
    }
    return false;
}

enum hf_rc hf_field_choice_json(const struct hf_field_choice *rule, const struct hf_json *value,
                                size_t *ret, struct hf_err *err)
{
    if (value == NULL || hf_json_kind(value) != HF_JSON_STR ||
        !choice_find(rule, hf_json_as_str(value), ret)) {
        return hf_field_choice_fault(rule, err);
    }
    return HF_OK;
}

enum hf_rc hf_field_bool_json(const char *name, const struct hf_json *value, bool *ret,
                              struct hf_err *err)
{
    if (value == NULL || hf_json_kind(value) != HF_JSON_BOOL) {
        return hf_field_bool_fault(name, err);
    }
    *ret = hf_json_as_bool(value);
    return HF_OK;
}

enum hf_rc hf_field_time_json(const char *name, const struct hf_json *value, int64_t *ret,
                              struct hf_err *err)
{
    if (value == NULL || hf_json_kind(value) != HF_JSON_STR ||
        hf_parse_time_us(hf_json_as_str(value), ret) != HF_OK) {
        return hf_field_time_fault(name, err);
    }
    return hf_field_time_check(name, *ret, err);
}

enum hf_rc hf_field_object_json(const char *name, const struct hf_json *value, struct hf_err *err)
{
    if (value == NULL || hf_json_kind(value) != HF_JSON_OBJECT) {
        return hf_err_set(err, HF_EINVAL, "%s%sneeds an object", colon_name(name), colon(name));
    }
    return HF_OK;
}

enum hf_rc hf_field_array_json(const char *name, const struct hf_json *value, size_t max,
                               size_t *ret_count, struct hf_err *err)
{
    *ret_count = 0;
    if (value == NULL || hf_json_kind(value) != HF_JSON_ARRAY || hf_json_count(value) > max) {
        return hf_field_array_fault(name, max, err);
    }
    *ret_count = hf_json_count(value);
    return HF_OK;
}

/* Keys come from outside: only what looks like a member's name is repeated in an error. */
static enum hf_rc unknown_member(struct hf_str key, struct hf_err *err)
{
    /* 0-9, then _ and a-z */
    static const uint64_t chars[2] = {UINT64_C(0x03ff000000000000), UINT64_C(0x07fffffe80000000)};
    static const struct hf_field_text rule = {.min = 1, .max = 31, .chars = chars};
    if (!hf_field_text_ok(&rule, key)) {
        return hf_err_set(err, HF_EINVAL, "a member that its schema does not have");
    }
    return hf_err_set(err, HF_EINVAL, "%.*s: the schema has no such member", HF_STR_ARG(key));
}

enum hf_rc hf_field_only(const struct hf_json *object, const char *const *names, size_t count,
                         struct hf_err *err)
{
    for (size_t i = 0; i < hf_json_count(object); i++) {
        struct hf_str key;
        (void)hf_json_member(object, i, &key);
        size_t n = 0;
        while (n < count && !hf_str_eq(key, hf_str_c(names[n]))) {
            n++;
        }
        if (n == count) {
            return unknown_member(key, err);
        }
    }
    return HF_OK;
}

enum hf_rc hf_field_unknown(const struct hf_unpack *u, struct hf_err *err)
{
    struct hf_unpack copy = *u;
    struct hf_str key;
    return unknown_member(hf_unpack_str(&copy, &key) ? key : HF_STR(""), err);
}

enum hf_rc hf_field_missing(const struct hf_unpack *u, size_t left, const char *name,
                            struct hf_err *err)
{
    struct hf_unpack copy = *u;
    struct hf_str key;
    if (left > 0 && hf_unpack_str(&copy, &key) &&
        hf_bytes_cmp(hf_str_bytes(key), hf_str_bytes(hf_str_c(name))) < 0) {
        return unknown_member(key, err);
    }
    return hf_field_absent(name, err);
}

enum hf_rc hf_field_no_map(struct hf_err *err)
{
    return hf_err_set(err, HF_EINVAL, "needs a map");
}

enum hf_rc hf_field_time_unpack(const char *name, struct hf_unpack *u, int64_t *ret,
                                struct hf_err *err)
{
    uint64_t value;
    if (!hf_unpack_u64(u, &value) || value > (uint64_t)HF_ENVELOPE_TIME_MAX) {
        return hf_field_time_fault(name, err);
    }
    *ret = (int64_t)value;
    return HF_OK;
}

enum hf_rc hf_field_choice_unpack(const struct hf_field_choice *rule, struct hf_unpack *u,
                                  size_t *ret, struct hf_err *err)
{
    struct hf_str text;
    if (!hf_unpack_str(u, &text) || !choice_find(rule, text, ret)) {
        return hf_field_choice_fault(rule, err);
    }
    return HF_OK;
}
