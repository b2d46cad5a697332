/* schemas/value_json.c: shows canonical MessagePack as JSON without knowing its schema. */
#include "base/assert.h"
#include "schemas/canonical.h"
#include "schemas/event.h"
#include "schemas/unpack.h"

struct level {
    size_t left; /* elements, or keys and values together */
    bool is_map;
};

struct levels {
    unsigned depth;
    struct level at[HF_CANONICAL_DEPTH_MAX];
};

static void wrapped_hex(struct hf_json_out *json, struct hf_str key, struct hf_bytes value)
{
    hf_json_object_begin(json);
    hf_json_key(json, key);
    hf_json_hex(json, value);
    hf_json_object_end(json);
}

static void open_level(struct hf_unpack *u, bool is_map, struct levels *levels,
                       struct hf_json_out *json)
{
    size_t count = 0;
    bool ok = is_map ? hf_unpack_map(u, &count) : hf_unpack_array(u, &count);
    HF_ASSERT(ok && levels->depth < HF_CANONICAL_DEPTH_MAX);
    levels->at[levels->depth] = (struct level){is_map ? 2 * count : count, is_map};
    levels->depth++;
    if (is_map) {
        hf_json_object_begin(json);
    } else {
        hf_json_array_begin(json);
    }
}

/* The bytes passed the canonical check, so every read succeeds. */
static void write_value(struct hf_unpack *u, struct levels *levels, struct hf_json_out *json)
{
    bool ok = false;
    bool flag = false;
    uint64_t number = 0;
    int64_t negative = 0;
    struct hf_str text = {NULL, 0};
    struct hf_bytes bytes = {NULL, 0};
    switch (hf_unpack_peek(u)) {
    case HF_UNPACK_NONE: break;
    case HF_UNPACK_NIL:
        ok = hf_unpack_nil(u);
        hf_json_null(json);
        break;
    case HF_UNPACK_BOOL:
        ok = hf_unpack_bool(u, &flag);
        hf_json_bool(json, flag);
        break;
    case HF_UNPACK_UINT:
        ok = hf_unpack_u64(u, &number);
        hf_json_u64(json, number);
        break;
    case HF_UNPACK_INT:
        ok = hf_unpack_i64(u, &negative);
        hf_json_i64(json, negative);
        break;
    case HF_UNPACK_STR:
        ok = hf_unpack_str(u, &text);
        hf_json_str(json, text);
        break;
    case HF_UNPACK_BIN:
        ok = hf_unpack_bin(u, &bytes);
        wrapped_hex(json, HF_STR("$bin"), bytes);
        break;
    case HF_UNPACK_SEALED:
        ok = hf_unpack_sealed(u, &bytes);
        wrapped_hex(json, HF_STR("$sealed"), bytes);
        break;
    case HF_UNPACK_ARRAY:
    case HF_UNPACK_MAP:
        open_level(u, hf_unpack_peek(u) == HF_UNPACK_MAP, levels, json);
        ok = true;
        break;
    }
    HF_ASSERT(ok);
}

static void close_level(struct levels *levels, struct hf_json_out *json)
{
    levels->depth--;
    if (levels->at[levels->depth].is_map) {
        hf_json_object_end(json);
    } else {
        hf_json_array_end(json);
    }
}

void hf_value_to_json(struct hf_bytes value, struct hf_json_out *json)
{
    struct hf_canonical_fault fault;
    if (hf_canonical_check(value, &fault) != HF_OK) {
        wrapped_hex(json, HF_STR("$damaged"), value);
        return;
    }
    struct hf_unpack u = hf_unpack_init(value);
    struct levels levels = {.depth = 0};
    write_value(&u, &levels, json);
    while (levels.depth > 0) {
        struct level *level = &levels.at[levels.depth - 1];
        if (level->left == 0) {
            close_level(&levels, json);
            continue;
        }
        bool is_key = level->is_map && level->left % 2 == 0;
        level->left--;
        if (is_key) {
            struct hf_str key = {NULL, 0};
            bool ok = hf_unpack_str(&u, &key);
            HF_ASSERT(ok);
            hf_json_key(json, key);
        } else {
            write_value(&u, &levels, json);
        }
    }
    HF_ASSERT(hf_unpack_left(&u) == 0);
}
