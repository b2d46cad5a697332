/* log/core/tail.c: trees and links of the unsealed entries. */
#include "log/core/tail.h"

#include "base/assert.h"
#include "base/heap.h"

void hf_tail_init(struct hf_tail *tail)
{
    memset(tail, 0, sizeof *tail);
    hf_tree_memory_init(&tail->upper);
}

static void volume_free(struct hf_tail_volume *volume)
{
    if (volume != NULL) {
        hf_tree_memory_fini(&volume->tree);
        hf_heap_free(volume->links);
        hf_heap_free(volume);
    }
}

void hf_tail_fini(struct hf_tail *tail)
{
    for (size_t i = 0; i < tail->count; i++) {
        volume_free(tail->volumes[i]);
    }
    hf_heap_free(tail->volumes);
    hf_tree_memory_fini(&tail->upper);
    memset(tail, 0, sizeof *tail);
}

enum hf_rc hf_tail_add_sealed(struct hf_tail *tail, const struct hf_hash *root)
{
    HF_ASSERT(tail->size == tail->base);
    enum hf_rc rc = hf_tree_memory_append(&tail->upper, root);
    if (rc == HF_OK) {
        tail->base += HF_VOLUME_ENTRIES;
        tail->size = tail->base;
    }
    return rc;
}

static struct hf_tail_volume *volume_add(struct hf_tail *tail, bool linked)
{
    if (tail->count == tail->cap) {
        size_t cap = tail->cap == 0 ? 4 : 2 * tail->cap;
        struct hf_tail_volume **grown = hf_heap_resize(tail->volumes, cap, sizeof(void *));
        if (grown == NULL) {
            return NULL;
        }
        tail->volumes = grown;
        tail->cap = cap;
    }
    struct hf_tail_volume *volume = hf_heap_zalloc(1, sizeof *volume);
    if (volume == NULL) {
        return NULL;
    }
    hf_tree_memory_init(&volume->tree);
    if (linked) {
        volume->links = hf_heap_zalloc(HF_VOLUME_ENTRIES, sizeof *volume->links);
        if (volume->links == NULL) {
            volume_free(volume);
            return NULL;
        }
    }
    tail->volumes[tail->count++] = volume;
    return volume;
}

static struct hf_tail_volume *volume_of(const struct hf_tail *tail, uint64_t index)
{
    return tail->volumes[(index - tail->base) >> HF_VOLUME_BITS];
}

enum hf_rc hf_tail_append(struct hf_tail *tail, const struct hf_hash *leaf,
                          const struct hf_tail_link *link)
{
    uint64_t offset = tail->size % HF_VOLUME_ENTRIES;
    if (((tail->size - tail->base) >> HF_VOLUME_BITS) == tail->count &&
        volume_add(tail, link != NULL) == NULL) {
        return HF_ENOMEM;
    }
    struct hf_tail_volume *volume = volume_of(tail, tail->size);
    enum hf_rc rc = hf_tree_memory_append(&volume->tree, leaf);
    if (rc != HF_OK) {
        return rc;
    }
    if (offset + 1 == HF_VOLUME_ENTRIES) {
        rc = hf_tree_memory_append(&tail->upper,
                                   hf_tree_memory_node(&volume->tree, HF_VOLUME_BITS, 0));
        if (rc != HF_OK) {
            hf_tree_memory_truncate(&volume->tree, offset);
            return rc;
        }
    }
    if (link != NULL) {
        volume->links[offset] = *link;
    }
    tail->size++;
    return HF_OK;
}

void hf_tail_truncate(struct hf_tail *tail, uint64_t size)
{
    HF_ASSERT(size >= tail->base && size <= tail->size);
    while (tail->count > 0 &&
           tail->base + ((uint64_t)(tail->count - 1) << HF_VOLUME_BITS) >= size) {
        volume_free(tail->volumes[--tail->count]);
    }
    if (tail->count > 0) {
        uint64_t start = tail->base + ((uint64_t)(tail->count - 1) << HF_VOLUME_BITS);
        hf_tree_memory_truncate(&tail->volumes[tail->count - 1]->tree, size - start);
    }
    tail->size = size;
    hf_tree_memory_truncate(&tail->upper, size >> HF_VOLUME_BITS);
}

void hf_tail_drop_front(struct hf_tail *tail)
{
    HF_ASSERT(tail->count > 0 && tail->size - tail->base >= HF_VOLUME_ENTRIES);
    volume_free(tail->volumes[0]);
    tail->count--;
    memmove(tail->volumes, tail->volumes + 1, tail->count * sizeof(void *));
    tail->base += HF_VOLUME_ENTRIES;
}

const struct hf_hash *hf_tail_leaves(const struct hf_tail *tail, uint64_t volume)
{
    uint64_t first = volume << HF_VOLUME_BITS;
    HF_ASSERT(first >= tail->base && first + HF_VOLUME_ENTRIES <= tail->size);
    return hf_tree_memory_node(&volume_of(tail, first)->tree, 0, 0);
}

bool hf_tail_node(const struct hf_tail *tail, unsigned level, uint64_t index,
                  struct hf_hash *ret_hash)
{
    if (level >= HF_VOLUME_BITS) {
        *ret_hash = *hf_tree_memory_node(&tail->upper, level - HF_VOLUME_BITS, index);
        return true;
    }
    uint64_t first = index << level;
    if (first < tail->base) {
        return false;
    }
    *ret_hash = *hf_tree_memory_node(&volume_of(tail, first)->tree, level,
                                     (first % HF_VOLUME_ENTRIES) >> level);
    return true;
}

const struct hf_tail_link *hf_tail_link(const struct hf_tail *tail, uint64_t index)
{
    if (index < tail->base || index >= tail->size) {
        return NULL;
    }
    const struct hf_tail_volume *volume = volume_of(tail, index);
    return volume->links == NULL ? NULL : &volume->links[index % HF_VOLUME_ENTRIES];
}
