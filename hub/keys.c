/* hub/keys.c: remembers commands by their keys. */
#include "hub/keys.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/heap.h"
#include "base/hex.h"

#define PREFIX "idem:"

enum hf_rc hf_hub_keys_init(struct hf_hub_keys *keys, struct hf_env *env)
{
    keys->count = 0;
    keys->newest_us = 0;
    hf_queue_init(&keys->order);
    return hf_map_init(&keys->by_key, env);
}

static struct hf_bytes key_bytes(const struct hf_hub_key *key)
{
    return hf_bytes_of(key->key, sizeof key->key);
}

/* One that is recorded. */
static void forget(struct hf_hub_keys *keys, struct hf_hub_keyed *keyed)
{
    hf_map_remove(&keys->by_key, &keyed->by_key);
    hf_queue_remove(&keyed->order);
    keys->count--;
    hf_heap_free(keyed);
}

static struct hf_hub_keyed *oldest(struct hf_hub_keys *keys)
{
    return hf_queue_empty(&keys->order)
               ? NULL
               : HF_CONTAINER_OF(keys->order.next, struct hf_hub_keyed, order);
}

void hf_hub_keys_fini(struct hf_hub_keys *keys)
{
    while (keys->order.next != NULL && oldest(keys) != NULL) {
        forget(keys, oldest(keys));
    }
    hf_map_fini(&keys->by_key);
}

void hf_hub_key_of(struct hf_str principal, struct hf_str key, const struct hf_hash *request,
                   struct hf_hub_key *ret_key)
{
    struct hf_sha256_state state;
    struct hf_hash hash;
    hf_sha256_begin(&state);
    hf_sha256_update(&state, HF_BYTES("holdfast/idempotency/v1\n"));
    hf_sha256_update(&state, hf_str_bytes(principal));
    hf_sha256_update(&state, HF_BYTES("\n"));
    hf_sha256_update(&state, hf_str_bytes(key));
    hf_sha256_end(&state, &hash);
    memcpy(ret_key->key, hash.b, sizeof ret_key->key);
    memcpy(ret_key->request, request->b, sizeof ret_key->request);
}

void hf_hub_key_format(const struct hf_hub_key *key, char out[HF_HUB_KEY_TEXT])
{
    char half[2 * HF_HUB_KEY_HALF + 1];
    char other[2 * HF_HUB_KEY_HALF + 1];
    hf_hex_encode(key_bytes(key), half);
    hf_hex_encode(hf_bytes_of(key->request, sizeof key->request), other);
    (void)snprintf(out, HF_HUB_KEY_TEXT, PREFIX "%s:%s", half, other);
}

bool hf_hub_key_parse(struct hf_str correlation, struct hf_hub_key *ret_key)
{
    const size_t prefix = sizeof PREFIX - 1;
    const size_t half = 2 * (size_t)HF_HUB_KEY_HALF;
    size_t len = 0;
    if (correlation.len != prefix + half + 1 + half ||
        !hf_str_starts(correlation, HF_STR(PREFIX)) || correlation.ptr[prefix + half] != ':') {
        return false;
    }
    const char *text = correlation.ptr + prefix;
    return hf_hex_decode((struct hf_str){text, half}, ret_key->key, sizeof ret_key->key, &len,
                         NULL) == HF_OK &&
           hf_hex_decode((struct hf_str){text + half + 1, half}, ret_key->request,
                         sizeof ret_key->request, &len, NULL) == HF_OK;
}

/* Those whose time is over; recorded times never go back. */
static void expire(struct hf_hub_keys *keys)
{
    for (struct hf_hub_keyed *k; (k = oldest(keys)) != NULL;) {
        if (keys->count <= HF_HUB_KEYS_MAX && k->recorded_us + HF_HUB_KEYS_US > keys->newest_us) {
            return;
        }
        forget(keys, k);
    }
}

struct hf_hub_keyed *hf_hub_keys_find(struct hf_hub_keys *keys, const struct hf_hub_key *key)
{
    struct hf_map_node *node = hf_map_first(&keys->by_key, key_bytes(key));
    for (; node != NULL; node = hf_map_next(node)) {
        struct hf_hub_keyed *keyed = HF_CONTAINER_OF(node, struct hf_hub_keyed, by_key);
        if (memcmp(keyed->id.key, key->key, sizeof key->key) == 0) {
            return keyed;
        }
    }
    return NULL;
}

struct hf_hub_keyed *hf_hub_keys_begin(struct hf_hub_keys *keys, const struct hf_hub_key *key)
{
    struct hf_hub_keyed *keyed = hf_heap_zalloc(1, sizeof *keyed);
    if (keyed != NULL) {
        keyed->id = *key;
        keyed->pending = true;
        hf_queue_init(&keyed->order);
        hf_map_insert(&keys->by_key, key_bytes(key), &keyed->by_key);
    }
    return keyed;
}

void hf_hub_keys_drop(struct hf_hub_keys *keys, struct hf_hub_keyed *keyed)
{
    hf_map_remove(&keys->by_key, &keyed->by_key);
    hf_heap_free(keyed);
}

static void record(struct hf_hub_keys *keys, struct hf_hub_keyed *keyed, uint64_t index,
                   int64_t recorded_us)
{
    keyed->pending = false;
    keyed->index = index;
    keyed->recorded_us = recorded_us;
    hf_queue_push(&keys->order, &keyed->order);
    keys->count++;
}

enum hf_rc hf_hub_keys_fold(struct hf_hub_keys *keys, uint64_t index,
                            const struct hf_envelope *envelope, struct hf_err *err)
{
    struct hf_hub_key key;
    keys->newest_us = envelope->recorded_us;
    expire(keys);
    if (!hf_hub_key_parse(envelope->correlation, &key)) {
        return HF_OK;
    }
    struct hf_hub_keyed *keyed = hf_hub_keys_find(keys, &key);
    if (keyed != NULL && !keyed->pending) { /* the key was used again after its time */
        forget(keys, keyed);
        keyed = NULL;
    }
    if (keyed == NULL) {
        keyed = hf_hub_keys_begin(keys, &key);
    }
    if (keyed == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for an idempotency key");
    }
    record(keys, keyed, index, envelope->recorded_us);
    expire(keys);
    return HF_OK;
}

enum hf_rc hf_hub_keys_restore(struct hf_hub_keys *keys, const struct hf_hub_keyed *kept)
{
    struct hf_hub_keyed *keyed = hf_hub_keys_begin(keys, &kept->id);
    if (keyed == NULL) {
        return HF_ENOMEM;
    }
    record(keys, keyed, kept->index, kept->recorded_us);
    return HF_OK;
}
