/* tests/unit/hub/test_keys.c: which commands the Hub remembers by their keys, and for how long. */
#include <stdio.h>

#include "base/env.h"
#include "hub/keys.h"
#include "tests/harness/test.h"

#define DAY_US (INT64_C(86400) * 1000000)

static struct hf_hub_key key_of(unsigned number, const char *request)
{
    struct hf_hub_key key;
    struct hf_hash hash;
    char text[16];
    (void)snprintf(text, sizeof text, "k%u", number);
    hf_sha256(hf_str_bytes(hf_str_c(request)), &hash);
    hf_hub_key_of(HF_STR("admin"), hf_str_c(text), &hash, &key);
    return key;
}

static enum hf_rc fold(struct hf_hub_keys *keys, const struct hf_hub_key *key, uint64_t index,
                       int64_t recorded_us)
{
    char text[HF_HUB_KEY_TEXT];
    struct hf_err err = {0};
    hf_hub_key_format(key, text);
    const struct hf_envelope envelope = {.correlation = hf_str_c(text), .recorded_us = recorded_us};
    return hf_hub_keys_fold(keys, index, &envelope, &err);
}

/* An entry without a key. */
static enum hf_rc pass(struct hf_hub_keys *keys, int64_t recorded_us)
{
    struct hf_err err = {0};
    const struct hf_envelope envelope = {.recorded_us = recorded_us};
    return hf_hub_keys_fold(keys, 0, &envelope, &err);
}

/* Goal: the correlation says principal, key and request apart, and other correlations are none.
 * Method: round trips and a table. */
HF_TEST(correlation)
{
    static const char *const others[] = {
        "",
        "idem:",
        "idem:00112233445566778899aabbccddeeff",
        "idem:00112233445566778899aabbccddeeff:00112233445566778899aabbccddeef",
        "idem:00112233445566778899aabbccddeeff:00112233445566778899aabbccddeeff0",
        "idem:00112233445566778899aabbccddeeff-00112233445566778899aabbccddeeff",
        "idem:0011223344556677889 aabbccddeeff:00112233445566778899aabbccddeeff",
        "Idem:00112233445566778899aabbccddeeff:00112233445566778899aabbccddeeff",
    };

    struct hf_hub_key one = key_of(1, "a");
    struct hf_hub_key read;
    struct hf_hub_key other;
    struct hf_hash hash;
    char text[HF_HUB_KEY_TEXT];
    hf_hub_key_format(&one, text);
    HF_CHECK_U64(strlen(text), 5 + 32 + 1 + 32); /* fits a correlation */
    HF_CHECK(hf_hub_key_parse(hf_str_c(text), &read) && memcmp(&read, &one, sizeof one) == 0);
    other = key_of(1, "b");
    HF_CHECK(memcmp(other.key, one.key, sizeof one.key) == 0);
    HF_CHECK(memcmp(other.request, one.request, sizeof one.request) != 0);
    hf_sha256(HF_BYTES("a"), &hash);
    hf_hub_key_of(HF_STR("admin\nk"), HF_STR("1"), &hash, &other);
    HF_CHECK(memcmp(other.key, one.key, sizeof one.key) != 0);
    for (size_t i = 0; i < HF_LEN(others); i++) {
        HF_CHECK(!hf_hub_key_parse(hf_str_c(others[i]), &read));
    }
}

/* Goal: a key counts for a day of the log from when it was recorded, one on its way until it is
 * answered. Method: entries, on whose times alone it depends. */
HF_TEST(a_day)
{
    struct hf_hub_keys keys;
    struct hf_env_sim sim;
    hf_env_sim_init(&sim, 1);
    HF_CHECK_RC(hf_hub_keys_init(&keys, &sim.env), HF_OK);
    struct hf_hub_key one = key_of(1, "a");
    struct hf_hub_key two = key_of(2, "a");
    struct hf_hub_keyed *keyed = hf_hub_keys_begin(&keys, &one);
    HF_CHECK(keyed != NULL && keyed->pending && hf_hub_keys_find(&keys, &one) == keyed);
    HF_CHECK_RC(fold(&keys, &one, 7, 100), HF_OK);
    HF_CHECK(hf_hub_keys_find(&keys, &one) == keyed && !keyed->pending && keyed->index == 7);
    HF_CHECK_RC(pass(&keys, 99 + DAY_US), HF_OK);
    HF_CHECK(hf_hub_keys_find(&keys, &one) == keyed);
    HF_CHECK_RC(pass(&keys, 100 + DAY_US), HF_OK);
    HF_CHECK(hf_hub_keys_find(&keys, &one) == NULL && keys.count == 0);
    keyed = hf_hub_keys_begin(&keys, &two);
    hf_hub_keys_drop(&keys, keyed);
    HF_CHECK(hf_hub_keys_find(&keys, &two) == NULL);
    HF_CHECK_RC(fold(&keys, &two, 8, 200 + DAY_US), HF_OK);
    struct hf_hub_key again =
        key_of(2, "b"); /* the log of a Hub before keys were a fold of it alone */
    HF_CHECK_RC(fold(&keys, &again, 9, 300 + DAY_US), HF_OK);
    const struct hf_hub_keyed *newest = hf_hub_keys_find(&keys, &two);
    HF_CHECK(newest != NULL && newest->index == 9 && keys.count == 1);
    HF_CHECK(memcmp(newest->id.request, again.request, sizeof again.request) == 0);
    hf_hub_keys_fini(&keys);
}

/* Goal: memory is bounded; the newest keys stay. */
HF_TEST(bounded)
{
    struct hf_hub_keys keys;
    struct hf_env_sim sim;
    hf_env_sim_init(&sim, 1);
    HF_CHECK_RC(hf_hub_keys_init(&keys, &sim.env), HF_OK);
    const unsigned more = 10;
    for (unsigned i = 0; i < HF_HUB_KEYS_MAX + more; i++) {
        struct hf_hub_key key = key_of(i, "a");
        HF_CHECK_RC(fold(&keys, &key, i, 1000 + i), HF_OK);
    }
    HF_CHECK_U64(keys.count, HF_HUB_KEYS_MAX);
    for (unsigned i = 0; i < 2 * more; i++) {
        struct hf_hub_key key = key_of(i, "a");
        HF_CHECK((hf_hub_keys_find(&keys, &key) != NULL) == (i >= more));
    }
    hf_hub_keys_fini(&keys);
}

HF_TEST_MAIN(HF_TEST_CASE(correlation), HF_TEST_CASE(a_day), HF_TEST_CASE(bounded))
