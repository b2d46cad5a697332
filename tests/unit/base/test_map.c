/* tests/unit/base/test_map.c: a hash table against a list of what is in it, and without memory. */
#include "base/map.h"

#include "base/assert.h"
#include "base/heap.h"
#include "tests/harness/test.h"

#define THINGS 500

struct thing {
    uint32_t key;
    bool in;
    struct hf_map_node node;
};

static struct hf_bytes key_of(const struct thing *thing)
{
    return hf_bytes_of(&thing->key, sizeof thing->key);
}

/* How many things with this key the map finds; it must be the things that are in. */
static unsigned found(const struct hf_map *map, const struct thing *wanted)
{
    unsigned count = 0;
    for (struct hf_map_node *n = hf_map_first(map, key_of(wanted)); n != NULL; n = hf_map_next(n)) {
        const struct thing *thing = HF_CONTAINER_OF(n, struct thing, node);
        if (!thing->in) {
            hf_test_fail(__FILE__, __LINE__, "key %u is out and found", thing->key);
        }
        count += thing->key == wanted->key ? 1 : 0;
    }
    return count;
}

static bool refuse_all(void *arg)
{
    (void)arg;
    return false;
}

/* Things go in and out at random, keys come twice and more; then the map grows no more for want of
 * memory and still finds everything. */
HF_TEST(in_and_out)
{
    static struct thing things[THINGS];
    struct hf_env_sim env;
    struct hf_map map;
    hf_env_sim_init(&env, hf_test_seed());
    HF_CHECK_RC(hf_map_init(&map, &env.env), HF_OK);
    for (uint32_t i = 0; i < THINGS; i++) {
        things[i] = (struct thing){.key = i % 300};
    }
    for (int step = 0; step < 20000; step++) {
        uint32_t draw;
        hf_env_random(&env.env, &draw, sizeof draw);
        struct thing *thing = &things[draw % THINGS];
        if (thing->in) {
            hf_map_remove(&map, &thing->node);
        } else {
            hf_map_insert(&map, key_of(thing), &thing->node);
        }
        thing->in = !thing->in;
    }
    hf_heap_gate(refuse_all, NULL);
    for (uint32_t i = 0; i < THINGS; i++) {
        if (!things[i].in) {
            hf_map_insert(&map, key_of(&things[i]), &things[i].node);
            things[i].in = true;
        }
    }
    hf_heap_gate(NULL, NULL);
    HF_CHECK_U64(map.count, THINGS);
    for (uint32_t i = 0; i < THINGS; i++) {
        HF_CHECK_U64(found(&map, &things[i]), i % 300 < 200 ? 2 : 1);
    }
    hf_map_fini(&map);
}

/* No memory at the begin is said; what never began can be ended. */
HF_TEST(no_memory)
{
    struct hf_env_sim env;
    struct hf_map map;
    hf_env_sim_init(&env, 1);
    hf_heap_gate(refuse_all, NULL);
    HF_CHECK_RC(hf_map_init(&map, &env.env), HF_ENOMEM);
    hf_heap_gate(NULL, NULL);
    HF_CHECK(hf_map_first(&map, HF_BYTES("x")) == NULL);
    hf_map_fini(&map);
}

HF_TEST_MAIN(HF_TEST_CASE(in_and_out), HF_TEST_CASE(no_memory))
