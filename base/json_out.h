/* base/json_out.h: a JSON writer into a buffer.
 *
 * Commas and colons are its own business; nesting errors are programmer errors. Strings are
 * UTF-8; bytes that are not become U+FFFD. Integers beyond 2^53 are written as strings, as the
 * product's JSON has it everywhere. Output has no white space: one value, one line. Failure is
 * the buffer's: sticky, checked once.
 */
#ifndef HF_BASE_JSON_OUT_H
#define HF_BASE_JSON_OUT_H

#include "base/buf.h"

#define HF_JSON_DEPTH_MAX  32
#define HF_JSON_COPY_DEPTH 24 /* leaves room for what is around the copy */

struct hf_json_out {
    /* private */
    struct hf_buf *buf;
    int depth;
    bool first[HF_JSON_DEPTH_MAX];
    bool after_key;
};

void hf_json_init(struct hf_json_out *json, struct hf_buf *buf);
void hf_json_object_begin(struct hf_json_out *json);
void hf_json_object_end(struct hf_json_out *json);
void hf_json_array_begin(struct hf_json_out *json);
void hf_json_array_end(struct hf_json_out *json);
void hf_json_key(struct hf_json_out *json, struct hf_str key);
void hf_json_str(struct hf_json_out *json, struct hf_str value);
void hf_json_u64(struct hf_json_out *json, uint64_t value);
void hf_json_i64(struct hf_json_out *json, int64_t value);
void hf_json_bool(struct hf_json_out *json, bool value);
void hf_json_null(struct hf_json_out *json);
void hf_json_hex(struct hf_json_out *json, struct hf_bytes value);
void hf_json_base64(struct hf_json_out *json, struct hf_bytes value);
void hf_json_time_us(struct hf_json_out *json, int64_t us);
/* A value that was parsed (base/json_in.h), put in again. Numbers that are no integers, which no
 * format of the product has, and what is nested deeper than HF_JSON_COPY_DEPTH, become null. */
struct hf_json;
void hf_json_copy(struct hf_json_out *json, const struct hf_json *value);
/* A finished JSON value made elsewhere, put in as it is. */
void hf_json_raw(struct hf_json_out *json, struct hf_bytes value);

/* key and value in one call */
void hf_json_key_str(struct hf_json_out *json, const char *key, struct hf_str value);
void hf_json_key_u64(struct hf_json_out *json, const char *key, uint64_t value);
void hf_json_key_hex(struct hf_json_out *json, const char *key, struct hf_bytes value);
void hf_json_key_time_us(struct hf_json_out *json, const char *key, int64_t us);

#endif
