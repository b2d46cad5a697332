/* log/core/heads.c: an open-addressing table from (kind, name) to head. */
#include "log/core/heads.h"

#include "base/assert.h"
#include "base/crypto.h"
#include "base/heap.h"

void hf_heads_init(struct hf_heads *heads, const uint8_t key[16])
{
    memset(heads, 0, sizeof *heads);
    memcpy(heads->key, key, sizeof heads->key);
}

void hf_heads_clear(struct hf_heads *heads)
{
    for (size_t i = 0; i < heads->cap; i++) {
        hf_heap_free(heads->slots[i]);
    }
    hf_heap_free(heads->slots);
    heads->slots = NULL;
    heads->cap = 0;
    heads->count = 0;
}

void hf_heads_fini(struct hf_heads *heads)
{
    hf_heads_clear(heads);
}

static uint64_t hash_of(const struct hf_heads *heads, enum hf_head_kind kind, struct hf_bytes name)
{
    return hf_table_hash(heads->key, name) ^ ((uint64_t)kind << 56);
}

static size_t probe(const struct hf_heads *heads, uint64_t hash, enum hf_head_kind kind,
                    struct hf_bytes name)
{
    size_t i = (size_t)hash & (heads->cap - 1);
    for (; heads->slots[i] != NULL; i = (i + 1) & (heads->cap - 1)) {
        const struct hf_head *head = heads->slots[i];
        if (head->hash == hash && head->kind == kind &&
            hf_bytes_eq(hf_bytes_of(head->name, head->name_len), name)) {
            break;
        }
    }
    return i;
}

static void place(struct hf_head **slots, size_t cap, struct hf_head *head)
{
    size_t i = (size_t)head->hash & (cap - 1);
    while (slots[i] != NULL) {
        i = (i + 1) & (cap - 1);
    }
    slots[i] = head;
}

static bool grow(struct hf_heads *heads)
{
    size_t cap = heads->cap == 0 ? 256 : 2 * heads->cap;
    struct hf_head **slots = hf_heap_zalloc(cap, sizeof(void *));
    if (slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < heads->cap; i++) {
        if (heads->slots[i] != NULL) {
            place(slots, cap, heads->slots[i]);
        }
    }
    hf_heap_free(heads->slots);
    heads->slots = slots;
    heads->cap = cap;
    return true;
}

static bool stays(const struct hf_head *head, uint64_t below)
{
    return head != NULL && head->index != HF_INDEX_NONE && head->index >= below;
}

void hf_heads_forget(struct hf_heads *heads, uint64_t below)
{
    size_t kept = 0;
    size_t cap = 256;
    for (size_t i = 0; i < heads->cap; i++) {
        kept += stays(heads->slots[i], below) ? 1 : 0;
    }
    while (cap < 2 * kept) {
        cap *= 2;
    }
    struct hf_head **slots = hf_heap_zalloc(cap, sizeof(void *));
    if (slots == NULL) {
        return;
    }
    for (size_t i = 0; i < heads->cap; i++) {
        if (stays(heads->slots[i], below)) {
            place(slots, cap, heads->slots[i]);
        } else {
            hf_heap_free(heads->slots[i]);
        }
    }
    hf_heap_free(heads->slots);
    heads->slots = slots;
    heads->cap = cap;
    heads->count = kept;
}

enum hf_rc hf_heads_get(struct hf_heads *heads, enum hf_head_kind kind, struct hf_bytes name,
                        struct hf_head **ret_head, bool *ret_new)
{
    HF_ASSERT(name.len > 0 && name.len <= UINT8_MAX);
    if (4 * heads->count >= 3 * heads->cap && !grow(heads)) {
        return HF_ENOMEM;
    }
    uint64_t hash = hash_of(heads, kind, name);
    size_t i = probe(heads, hash, kind, name);
    *ret_new = heads->slots[i] == NULL;
    if (*ret_new) {
        struct hf_head *head = hf_heap_zalloc(1, sizeof *head + name.len);
        if (head == NULL) {
            return HF_ENOMEM;
        }
        head->index = HF_INDEX_NONE;
        head->hash = hash;
        head->kind = (uint8_t)kind;
        head->name_len = (uint8_t)name.len;
        memcpy(head->name, name.ptr, name.len);
        heads->slots[i] = head;
        heads->count++;
    }
    *ret_head = heads->slots[i];
    return HF_OK;
}

struct hf_head *hf_heads_find(const struct hf_heads *heads, enum hf_head_kind kind,
                              struct hf_bytes name)
{
    if (heads->cap == 0) {
        return NULL;
    }
    return heads->slots[probe(heads, hash_of(heads, kind, name), kind, name)];
}
