/* base/map.h: a hash table of things that hold their own node; keys are bytes, maybe foreign.
 *
 * The hash is keyed with random bytes, so that nobody can make names collide on purpose. Nothing is
 * allocated for a thing; only the buckets grow, and when there is no memory for more of them,
 * chains get longer. One thread.
 *
 *   for (struct hf_map_node *n = hf_map_first(&map, key); n != NULL; n = hf_map_next(n))
 *       compare the thing's key: other keys may have the same hash
 */
#ifndef HF_BASE_MAP_H
#define HF_BASE_MAP_H

#include "base/bytes.h"
#include "base/env.h"
#include "base/err.h"

struct hf_map_node {
    /* private */
    struct hf_map_node *next;
    uint64_t hash;
};

struct hf_map {
    size_t count; /* read-only */
    /* private */
    struct hf_map_node **buckets;
    size_t bucket_count; /* a power of two */
    uint8_t key[16];
};

/* HF_ENOMEM. */
enum hf_rc hf_map_init(struct hf_map *map, struct hf_env *env);
/* The things are the caller's. Also for a map of zeroes. */
void hf_map_fini(struct hf_map *map);
/* The node must not be in a map. Two things may have the same key. */
void hf_map_insert(struct hf_map *map, struct hf_bytes key, struct hf_map_node *node);
/* The node must be in this map. */
void hf_map_remove(struct hf_map *map, struct hf_map_node *node);
/* The first, the next node that may have the key; NULL. */
struct hf_map_node *hf_map_first(const struct hf_map *map, struct hf_bytes key);
struct hf_map_node *hf_map_next(const struct hf_map_node *node);

#endif
