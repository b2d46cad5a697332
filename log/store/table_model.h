/* log/store/table_model.h: a sorted table in memory; private to the model of a disk. */
#ifndef HF_LOG_STORE_TABLE_MODEL_H
#define HF_LOG_STORE_TABLE_MODEL_H

#include "base/bytes.h"

struct hf_pair_model {
    uint8_t *bytes; /* key, then value */
    size_t key_len;
    size_t value_len;
};

struct hf_table_model {
    struct hf_pair_model *pair;
    size_t count;
    size_t cap;
};

static inline struct hf_bytes hf_pair_key(const struct hf_pair_model *pair)
{
    return hf_bytes_of(pair->bytes, pair->key_len);
}

static inline struct hf_bytes hf_pair_value(const struct hf_pair_model *pair)
{
    return hf_bytes_of(pair->bytes + pair->key_len, pair->value_len);
}

/* The place of the least key >= key. */
size_t hf_table_model_ceil(const struct hf_table_model *table, struct hf_bytes key);
/* NULL when there is no such key. */
struct hf_pair_model *hf_table_model_find(const struct hf_table_model *table, struct hf_bytes key);
/* Copies; replaces. HF_ENOMEM changes nothing. */
enum hf_rc hf_table_model_put(struct hf_table_model *table, struct hf_bytes key,
                              struct hf_bytes value);
/* HF_ENOTFOUND when there is no such key. */
enum hf_rc hf_table_model_del(struct hf_table_model *table, struct hf_bytes key);
enum hf_rc hf_table_model_copy(const struct hf_table_model *from, struct hf_table_model *ret_to);
void hf_table_model_free(struct hf_table_model *table);

#endif
