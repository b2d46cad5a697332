/* base/map.c: a hash table of things that hold their own node. */
#include "base/map.h"

#include "base/assert.h"
#include "base/crypto.h"
#include "base/heap.h"

#define BUCKETS_MIN 64

enum hf_rc hf_map_init(struct hf_map *map, struct hf_env *env)
{
    *map = (struct hf_map){.bucket_count = BUCKETS_MIN};
    map->buckets = hf_heap_zalloc(BUCKETS_MIN, sizeof(struct hf_map_node *));
    hf_env_random(env, map->key, sizeof map->key);
    return map->buckets == NULL ? HF_ENOMEM : HF_OK;
}

void hf_map_fini(struct hf_map *map)
{
    hf_heap_free(map->buckets);
    *map = (struct hf_map){.count = 0};
}

static void grow(struct hf_map *map)
{
    size_t count = 2 * map->bucket_count;
    struct hf_map_node **buckets = hf_heap_zalloc(count, sizeof(struct hf_map_node *));
    if (buckets == NULL) {
        return;
    }
    for (size_t i = 0; i < map->bucket_count; i++) {
        while (map->buckets[i] != NULL) {
            struct hf_map_node *node = map->buckets[i];
            map->buckets[i] = node->next;
            node->next = buckets[node->hash & (count - 1)];
            buckets[node->hash & (count - 1)] = node;
        }
    }
    hf_heap_free(map->buckets);
    map->buckets = buckets;
    map->bucket_count = count;
}

void hf_map_insert(struct hf_map *map, struct hf_bytes key, struct hf_map_node *node)
{
    if (map->count >= map->bucket_count) {
        grow(map);
    }
    node->hash = hf_table_hash(map->key, key);
    struct hf_map_node **bucket = &map->buckets[node->hash & (map->bucket_count - 1)];
    node->next = *bucket;
    *bucket = node;
    map->count++;
}

void hf_map_remove(struct hf_map *map, struct hf_map_node *node)
{
    struct hf_map_node **at = &map->buckets[node->hash & (map->bucket_count - 1)];
    while (*at != node) {
        HF_ASSERT(*at != NULL); /* it is in this map */
        at = &(*at)->next;
    }
    *at = node->next;
    map->count--;
}

static struct hf_map_node *same_hash(struct hf_map_node *node, uint64_t hash)
{
    while (node != NULL && node->hash != hash) {
        node = node->next;
    }
    return node;
}

struct hf_map_node *hf_map_first(const struct hf_map *map, struct hf_bytes key)
{
    if (map->buckets == NULL) {
        return NULL;
    }
    uint64_t hash = hf_table_hash(map->key, key);
    return same_hash(map->buckets[hash & (map->bucket_count - 1)], hash);
}

struct hf_map_node *hf_map_next(const struct hf_map_node *node)
{
    return same_hash(node->next, node->hash);
}
