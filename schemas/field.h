/* schemas/field.h: the rules of an event's members, as the generated code uses them.
 *
 * A rule is a constant that the generator writes. For each kind of member: _check looks at a value
 * of a C struct, _unpack reads one from canonical MessagePack, _json one from JSON. All three
 * accept the same values, and refuse others with "NAME: needs ..." and HF_EINVAL. A rule without a
 * name is one of an array's elements. Any thread.
 */
#ifndef HF_SCHEMAS_FIELD_H
#define HF_SCHEMAS_FIELD_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/json_in.h"
#include "schemas/unpack.h"

struct hf_field_text {
    const char *name;
    size_t min;
    size_t max;            /* bytes of UTF-8 */
    const uint64_t *chars; /* bit set of two words: the ASCII characters allowed; NULL for any */
    const char *shape;     /* the same for people; NULL for any */
};

struct hf_field_bytes {
    const char *name;
    size_t min;
    size_t max;
};

struct hf_field_u64 {
    const char *name;
    uint64_t min;
    uint64_t max;
};

struct hf_field_i64 {
    const char *name;
    int64_t min;
    int64_t max;
};

struct hf_field_choice {
    const char *name;
    const struct hf_str *names;
    size_t count;
};

/* "NAME: needs ...": the one text for every way to break the rule. */
enum hf_rc hf_field_text_fault(const struct hf_field_text *rule, struct hf_err *err);
enum hf_rc hf_field_bytes_fault(const struct hf_field_bytes *rule, struct hf_err *err);
enum hf_rc hf_field_sealed_fault(const struct hf_field_bytes *rule, struct hf_err *err);
enum hf_rc hf_field_u64_fault(const struct hf_field_u64 *rule, struct hf_err *err);
enum hf_rc hf_field_i64_fault(const struct hf_field_i64 *rule, struct hf_err *err);
enum hf_rc hf_field_choice_fault(const struct hf_field_choice *rule, struct hf_err *err);
enum hf_rc hf_field_bool_fault(const char *name, struct hf_err *err);
enum hf_rc hf_field_time_fault(const char *name, struct hf_err *err);

enum hf_rc hf_field_text_check(const struct hf_field_text *rule, struct hf_str value,
                               struct hf_err *err);
enum hf_rc hf_field_bytes_check(const struct hf_field_bytes *rule, struct hf_bytes value,
                                struct hf_err *err);
enum hf_rc hf_field_sealed_check(const struct hf_field_bytes *rule, struct hf_bytes value,
                                 struct hf_err *err);
enum hf_rc hf_field_u64_check(const struct hf_field_u64 *rule, uint64_t value, struct hf_err *err);
enum hf_rc hf_field_i64_check(const struct hf_field_i64 *rule, int64_t value, struct hf_err *err);
enum hf_rc hf_field_choice_check(const struct hf_field_choice *rule, size_t value,
                                 struct hf_err *err);
enum hf_rc hf_field_time_check(const char *name, int64_t value, struct hf_err *err);

/* "NAME: is missing". */
enum hf_rc hf_field_absent(const char *name, struct hf_err *err);

/* From JSON; a value of NULL breaks the rule. Text borrows from the document, bytes from the
 * arena (HF_ENOMEM). */
enum hf_rc hf_field_text_json(const struct hf_field_text *rule, const struct hf_json *value,
                              struct hf_str *ret, struct hf_err *err);
enum hf_rc hf_field_bytes_json(const struct hf_field_bytes *rule, const struct hf_json *value,
                               struct hf_arena *arena, struct hf_bytes *ret, struct hf_err *err);
enum hf_rc hf_field_sealed_json(const struct hf_field_bytes *rule, const struct hf_json *value,
                                struct hf_arena *arena, struct hf_bytes *ret, struct hf_err *err);
enum hf_rc hf_field_u64_json(const struct hf_field_u64 *rule, const struct hf_json *value,
                             uint64_t *ret, struct hf_err *err);
enum hf_rc hf_field_i64_json(const struct hf_field_i64 *rule, const struct hf_json *value,
                             int64_t *ret, struct hf_err *err);
enum hf_rc hf_field_choice_json(const struct hf_field_choice *rule, const struct hf_json *value,
                                size_t *ret, struct hf_err *err);
enum hf_rc hf_field_bool_json(const char *name, const struct hf_json *value, bool *ret,
                              struct hf_err *err);
enum hf_rc hf_field_time_json(const char *name, const struct hf_json *value, int64_t *ret,
                              struct hf_err *err);

/* The value is an object (an array of at most max elements); name NULL: the payload itself. */
enum hf_rc hf_field_object_json(const char *name, const struct hf_json *value, struct hf_err *err);
enum hf_rc hf_field_array_json(const char *name, const struct hf_json *value, size_t max,
                               size_t *ret_count, struct hf_err *err);
/* The object has no members but these. */
enum hf_rc hf_field_only(const struct hf_json *object, const char *const *names, size_t count,
                         struct hf_err *err);

/* What a decoder answers where the key `name` should come next and does not (left: members still
 * to come), where members are left over, and where no map or no fitting array is. */
enum hf_rc hf_field_missing(const struct hf_unpack *u, size_t left, const char *name,
                            struct hf_err *err);
enum hf_rc hf_field_unknown(const struct hf_unpack *u, struct hf_err *err);
enum hf_rc hf_field_no_map(struct hf_err *err);
enum hf_rc hf_field_array_fault(const char *name, size_t max, struct hf_err *err);

static inline bool hf_field_text_ok(const struct hf_field_text *rule, struct hf_str value)
{
    if (value.len < rule->min || value.len > rule->max) {
        return false;
    }
    if (rule->chars != NULL) {
        for (size_t i = 0; i < value.len; i++) {
            uint8_t c = (uint8_t)value.ptr[i];
            if (c >= 128 || ((rule->chars[c >> 6] >> (c & 63)) & 1) == 0) {
                return false;
            }
        }
    }
    return true;
}

static inline enum hf_rc hf_field_text_unpack(const struct hf_field_text *rule, struct hf_unpack *u,
                                              struct hf_str *ret, struct hf_err *err)
{
    if (!hf_unpack_str(u, ret) || !hf_field_text_ok(rule, *ret)) {
        return hf_field_text_fault(rule, err);
    }
    return HF_OK;
}

static inline enum hf_rc hf_field_bytes_unpack(const struct hf_field_bytes *rule,
                                               struct hf_unpack *u, struct hf_bytes *ret,
                                               struct hf_err *err)
{
    if (!hf_unpack_bin(u, ret) || ret->len < rule->min || ret->len > rule->max) {
        return hf_field_bytes_fault(rule, err);
    }
    return HF_OK;
}

static inline enum hf_rc hf_field_sealed_unpack(const struct hf_field_bytes *rule,
                                                struct hf_unpack *u, struct hf_bytes *ret,
                                                struct hf_err *err)
{
    if (!hf_unpack_sealed(u, ret) || ret->len < rule->min || ret->len > rule->max) {
        return hf_field_sealed_fault(rule, err);
    }
    return HF_OK;
}

static inline enum hf_rc hf_field_u64_unpack(const struct hf_field_u64 *rule, struct hf_unpack *u,
                                             uint64_t *ret, struct hf_err *err)
{
    if (!hf_unpack_u64(u, ret) || *ret < rule->min || *ret > rule->max) {
        return hf_field_u64_fault(rule, err);
    }
    return HF_OK;
}

static inline enum hf_rc hf_field_i64_unpack(const struct hf_field_i64 *rule, struct hf_unpack *u,
                                             int64_t *ret, struct hf_err *err)
{
    if (!hf_unpack_i64(u, ret) || *ret < rule->min || *ret > rule->max) {
        return hf_field_i64_fault(rule, err);
    }
    return HF_OK;
}

static inline enum hf_rc hf_field_bool_unpack(const char *name, struct hf_unpack *u, bool *ret,
                                              struct hf_err *err)
{
    return hf_unpack_bool(u, ret) ? HF_OK : hf_field_bool_fault(name, err);
}

enum hf_rc hf_field_time_unpack(const char *name, struct hf_unpack *u, int64_t *ret,
                                struct hf_err *err);
enum hf_rc hf_field_choice_unpack(const struct hf_field_choice *rule, struct hf_unpack *u,
                                  size_t *ret, struct hf_err *err);

/* The head of an array of at most max elements. */
static inline enum hf_rc hf_field_array_unpack(const char *name, size_t max, struct hf_unpack *u,
                                               size_t *ret_count, struct hf_err *err)
{
    if (!hf_unpack_array(u, ret_count) || *ret_count > max) {
        *ret_count = 0;
        return hf_field_array_fault(name, max, err);
    }
    return HF_OK;
}

#endif
