/* base/json_in.h: JSON in, by jansson: strict UTF-8, duplicate keys rejected, bounded.
 *
 * A parsed document owns everything in it; values and slices borrow from the document until
 * hf_json_free. Numbers are int64 integers or doubles; the product's own formats use integers
 * only, and strings for those beyond 2^53 (hf_json_to_u64 takes both spellings).
 * One thread a document.
 */
#ifndef HF_BASE_JSON_IN_H
#define HF_BASE_JSON_IN_H

#include "base/bytes.h"
#include "base/err.h"

struct hf_json_doc;
struct hf_json; /* a value inside a document */

enum hf_json_kind {
    HF_JSON_NULL,
    HF_JSON_BOOL,
    HF_JSON_INT,
    HF_JSON_REAL,
    HF_JSON_STR,
    HF_JSON_ARRAY,
    HF_JSON_OBJECT
};

#define HF_JSON_IN_MAX (16u << 20) /* bytes of one document */

/* Gives *ret_doc. Errors name line and column: HF_ESYNTAX, HF_ETOOBIG. Trailing bytes other than
 * white space are an error. */
enum hf_rc hf_json_parse(struct hf_bytes text, struct hf_json_doc **ret_doc, struct hf_err *err);
void hf_json_free(struct hf_json_doc *doc);
const struct hf_json *hf_json_root(const struct hf_json_doc *doc);

enum hf_json_kind hf_json_kind(const struct hf_json *value);
const char *hf_json_kind_name(enum hf_json_kind kind);
bool hf_json_as_bool(const struct hf_json *value);
int64_t hf_json_as_i64(const struct hf_json *value);
double hf_json_as_real(const struct hf_json *value);
struct hf_str hf_json_as_str(const struct hf_json *value);
/* Elements of an array or members of an object. */
size_t hf_json_count(const struct hf_json *value);
const struct hf_json *hf_json_at(const struct hf_json *array, size_t index);
/* NULL when the object has no such member. */
const struct hf_json *hf_json_get(const struct hf_json *object, const char *key);

/* Members of what others wrote. One that is not there, is of another kind, or has no object
 * around it (`object` is NULL or something else) is missing: NULL, empty text, 0, false. */
const struct hf_json *hf_json_get_kind(const struct hf_json *object, const char *key,
                                       enum hf_json_kind kind);
struct hf_str hf_json_get_str(const struct hf_json *object, const char *key);
uint64_t hf_json_get_u64(const struct hf_json *object, const char *key);
bool hf_json_get_bool(const struct hf_json *object, const char *key);
/* For what must be there: false when it is missing or larger than max; then *ret stays. */
bool hf_json_take_u64(const struct hf_json *object, const char *key, uint64_t max, uint64_t *ret);
/* Copies with a NUL behind; false when it is missing or does not fit. */
bool hf_json_take_text(const struct hf_json *object, const char *key, char *out, size_t cap);

/* The i-th member in document order. */
const struct hf_json *hf_json_member(const struct hf_json *object, size_t index,
                                     struct hf_str *ret_key);
/* An integer, or a string that spells one in decimal; HF_EINVAL for anything else. */
enum hf_rc hf_json_to_u64(const struct hf_json *value, uint64_t *ret);
enum hf_rc hf_json_to_i64(const struct hf_json *value, int64_t *ret);

#endif
