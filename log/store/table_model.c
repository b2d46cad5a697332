/* log/store/table_model.c: a sorted array of pairs. */
#include "log/store/table_model.h"

#include "base/heap.h"

size_t hf_table_model_ceil(const struct hf_table_model *table, struct hf_bytes key)
{
    size_t low = 0;
    size_t high = table->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (hf_bytes_cmp(hf_pair_key(&table->pair[mid]), key) < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

struct hf_pair_model *hf_table_model_find(const struct hf_table_model *table, struct hf_bytes key)
{
    size_t at = hf_table_model_ceil(table, key);
    bool found = at < table->count && hf_bytes_eq(hf_pair_key(&table->pair[at]), key);
    return found ? &table->pair[at] : NULL;
}

static bool make_pair(struct hf_bytes key, struct hf_bytes value, struct hf_pair_model *ret)
{
    ret->bytes = hf_heap_alloc(key.len + value.len);
    if (ret->bytes == NULL) {
        return false;
    }
    memcpy(ret->bytes, key.ptr, key.len);
    if (value.len > 0) {
        memcpy(ret->bytes + key.len, value.ptr, value.len);
    }
    ret->key_len = key.len;
    ret->value_len = value.len;
    return true;
}

enum hf_rc hf_table_model_put(struct hf_table_model *table, struct hf_bytes key,
                              struct hf_bytes value)
{
    struct hf_pair_model pair;
    if (table->count == table->cap) {
        size_t cap = table->cap == 0 ? 16 : 2 * table->cap;
        struct hf_pair_model *grown = hf_heap_resize(table->pair, cap, sizeof *grown);
        if (grown == NULL) {
            return HF_ENOMEM;
        }
        table->pair = grown;
        table->cap = cap;
    }
    if (!make_pair(key, value, &pair)) {
        return HF_ENOMEM;
    }
    size_t at = hf_table_model_ceil(table, key);
    if (at < table->count && hf_bytes_eq(hf_pair_key(&table->pair[at]), key)) {
        hf_heap_free(table->pair[at].bytes);
    } else {
        memmove(&table->pair[at + 1], &table->pair[at], (table->count - at) * sizeof pair);
        table->count++;
    }
    table->pair[at] = pair;
    return HF_OK;
}

enum hf_rc hf_table_model_del(struct hf_table_model *table, struct hf_bytes key)
{
    struct hf_pair_model *pair = hf_table_model_find(table, key);
    if (pair == NULL) {
        return HF_ENOTFOUND;
    }
    size_t at = (size_t)(pair - table->pair);
    hf_heap_free(pair->bytes);
    memmove(pair, pair + 1, (table->count - at - 1) * sizeof *pair);
    table->count--;
    return HF_OK;
}

enum hf_rc hf_table_model_copy(const struct hf_table_model *from, struct hf_table_model *ret_to)
{
    struct hf_table_model to = {0};
    for (size_t i = 0; i < from->count; i++) {
        const struct hf_pair_model *pair = &from->pair[i];
        if (hf_table_model_put(&to, hf_pair_key(pair), hf_pair_value(pair)) != HF_OK) {
            hf_table_model_free(&to);
            return HF_ENOMEM;
        }
    }
    *ret_to = to;
    return HF_OK;
}

void hf_table_model_free(struct hf_table_model *table)
{
    for (size_t i = 0; i < table->count; i++) {
        hf_heap_free(table->pair[i].bytes);
    }
    hf_heap_free(table->pair);
    *table = (struct hf_table_model){0};
}
