/* base/json_out.c: writes JSON, keeping track of commas. */
#include "base/json_out.h"

#include "base/assert.h"
#include "base/base64.h"
#include "base/hex.h"
#include "base/parse.h"

#define EXACT_MAX (INT64_C(1) << 53) /* integers beyond are not exact in most readers */

void hf_json_init(struct hf_json_out *json, struct hf_buf *buf)
{
    memset(json, 0, sizeof *json);
    json->buf = buf;
    json->first[0] = true;
}

static void before_value(struct hf_json_out *json)
{
    if (json->after_key) {
        json->after_key = false;
        return;
    }
    if (!json->first[json->depth]) {
        hf_buf_str(json->buf, HF_STR(","));
    }
    json->first[json->depth] = false;
}

static void open(struct hf_json_out *json, struct hf_str bracket)
{
    before_value(json);
    hf_buf_str(json->buf, bracket);
    HF_ASSERT(json->depth + 1 < HF_JSON_DEPTH_MAX);
    json->first[++json->depth] = true;
}

static void close(struct hf_json_out *json, struct hf_str bracket)
{
    HF_ASSERT(json->depth > 0 && !json->after_key);
    json->depth--;
    hf_buf_str(json->buf, bracket);
}

void hf_json_object_begin(struct hf_json_out *json)
{
    open(json, HF_STR("{"));
}

void hf_json_object_end(struct hf_json_out *json)
{
    close(json, HF_STR("}"));
}

void hf_json_array_begin(struct hf_json_out *json)
{
    open(json, HF_STR("["));
}

void hf_json_array_end(struct hf_json_out *json)
{
    close(json, HF_STR("]"));
}

static void escape(struct hf_buf *buf, uint8_t c)
{
    switch (c) {
    case '"': hf_buf_str(buf, HF_STR("\\\"")); break;
    case '\\': hf_buf_str(buf, HF_STR("\\\\")); break;
    case '\n': hf_buf_str(buf, HF_STR("\\n")); break;
    case '\r': hf_buf_str(buf, HF_STR("\\r")); break;
    case '\t': hf_buf_str(buf, HF_STR("\\t")); break;
    default: hf_buf_printf(buf, "\\u%04x", c); break;
    }
}

static void write_string(struct hf_buf *buf, struct hf_bytes text)
{
    hf_buf_str(buf, HF_STR("\""));
    while (text.len > 0) {
        size_t bad = text.len;
        (void)hf_utf8_valid(text, &bad);
        size_t start = 0;
        for (size_t i = 0; i < bad; i++) {
            uint8_t c = text.ptr[i];
            if (c < 0x20 || c == '"' || c == '\\' || c == 0x7F) {
                hf_buf_put(buf, text.ptr + start, i - start);
                escape(buf, c);
                start = i + 1;
            }
        }
        hf_buf_put(buf, text.ptr + start, bad - start);
        if (bad < text.len) {
            hf_buf_str(buf, HF_STR("\xEF\xBF\xBD"));
            bad++;
        }
        text.ptr += bad;
        text.len -= bad;
    }
    hf_buf_str(buf, HF_STR("\""));
}

void hf_json_key(struct hf_json_out *json, struct hf_str key)
{
    HF_ASSERT(json->depth > 0 && !json->after_key);
    before_value(json);
    write_string(json->buf, hf_str_bytes(key));
    hf_buf_str(json->buf, HF_STR(":"));
    json->after_key = true;
}

void hf_json_str(struct hf_json_out *json, struct hf_str value)
{
    before_value(json);
    write_string(json->buf, hf_str_bytes(value));
}

void hf_json_u64(struct hf_json_out *json, uint64_t value)
{
    before_value(json);
    hf_buf_printf(json->buf, value > (uint64_t)EXACT_MAX ? "\"%llu\"" : "%llu",
                  (unsigned long long)value);
}

void hf_json_i64(struct hf_json_out *json, int64_t value)
{
    before_value(json);
    bool exact = value <= EXACT_MAX && value >= -EXACT_MAX;
    hf_buf_printf(json->buf, exact ? "%lld" : "\"%lld\"", (long long)value);
}

void hf_json_bool(struct hf_json_out *json, bool value)
{
    before_value(json);
    hf_buf_str(json->buf, value ? HF_STR("true") : HF_STR("false"));
}

void hf_json_null(struct hf_json_out *json)
{
    before_value(json);
    hf_buf_str(json->buf, HF_STR("null"));
}

void hf_json_hex(struct hf_json_out *json, struct hf_bytes value)
{
    before_value(json);
    hf_buf_str(json->buf, HF_STR("\""));
    uint8_t *room = hf_buf_reserve(json->buf, 2 * value.len + 1);
    if (room != NULL) {
        hf_hex_encode(value, (char *)room);
        hf_buf_commit(json->buf, 2 * value.len);
    }
    hf_buf_str(json->buf, HF_STR("\""));
}

void hf_json_base64(struct hf_json_out *json, struct hf_bytes value)
{
    before_value(json);
    hf_buf_str(json->buf, HF_STR("\""));
    uint8_t *room = hf_buf_reserve(json->buf, HF_BASE64_LEN(value.len) + 1);
    if (room != NULL) {
        hf_base64_encode(value, (char *)room);
        hf_buf_commit(json->buf, HF_BASE64_LEN(value.len));
    }
    hf_buf_str(json->buf, HF_STR("\""));
}

void hf_json_time_us(struct hf_json_out *json, int64_t us)
{
    char text[HF_TIME_TEXT];
    hf_format_time_us(us, text);
    hf_json_str(json, hf_str_c(text));
}

void hf_json_raw(struct hf_json_out *json, struct hf_bytes value)
{
    before_value(json);
    hf_buf_put(json->buf, value.ptr, value.len);
}

void hf_json_key_str(struct hf_json_out *json, const char *key, struct hf_str value)
{
    hf_json_key(json, hf_str_c(key));
    hf_json_str(json, value);
}

void hf_json_key_u64(struct hf_json_out *json, const char *key, uint64_t value)
{
    hf_json_key(json, hf_str_c(key));
    hf_json_u64(json, value);
}

void hf_json_key_hex(struct hf_json_out *json, const char *key, struct hf_bytes value)
{
    hf_json_key(json, hf_str_c(key));
    hf_json_hex(json, value);
}

void hf_json_key_time_us(struct hf_json_out *json, const char *key, int64_t us)
{
    hf_json_key(json, hf_str_c(key));
    hf_json_time_us(json, us);
}
