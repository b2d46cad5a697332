/* base/json_copy.c: a parsed value written again. */
#include "base/json_in.h"
#include "base/json_out.h"

static bool copy_leaf(struct hf_json_out *json, const struct hf_json *value)
{
    switch (hf_json_kind(value)) {
    case HF_JSON_BOOL: hf_json_bool(json, hf_json_as_bool(value)); return true;
    case HF_JSON_INT: hf_json_i64(json, hf_json_as_i64(value)); return true;
    case HF_JSON_STR: hf_json_str(json, hf_json_as_str(value)); return true;
    case HF_JSON_NULL:
    case HF_JSON_REAL: hf_json_null(json); return true;
    case HF_JSON_ARRAY:
    case HF_JSON_OBJECT: break;
    }
    return false;
}

static void begin(struct hf_json_out *json, const struct hf_json *value)
{
    if (hf_json_kind(value) == HF_JSON_OBJECT) {
        hf_json_object_begin(json);
    } else {
        hf_json_array_begin(json);
    }
}

static void end(struct hf_json_out *json, const struct hf_json *value)
{
    if (hf_json_kind(value) == HF_JSON_OBJECT) {
        hf_json_object_end(json);
    } else {
        hf_json_array_end(json);
    }
}

/* Without recursion: how deep somebody else nests his values must not be our stack's business. */
void hf_json_copy(struct hf_json_out *json, const struct hf_json *value)
{
    const struct hf_json *open[HF_JSON_COPY_DEPTH];
    size_t next[HF_JSON_COPY_DEPTH];
    size_t depth = 0;
    const struct hf_json *at = value;
    while (at != NULL) {
        if (!copy_leaf(json, at)) {
            if (depth == HF_JSON_COPY_DEPTH) {
                hf_json_null(json);
            } else {
                begin(json, at);
                open[depth] = at;
                next[depth++] = 0;
            }
        }
        at = NULL;
        while (depth > 0 && at == NULL) {
            const struct hf_json *top = open[depth - 1];
            if (next[depth - 1] == hf_json_count(top)) {
                end(json, top);
                depth--;
            } else if (hf_json_kind(top) == HF_JSON_OBJECT) {
                struct hf_str key = {NULL, 0};
                at = hf_json_member(top, next[depth - 1]++, &key);
                hf_json_key(json, key);
            } else {
                at = hf_json_at(top, next[depth - 1]++);
            }
        }
    }
}
