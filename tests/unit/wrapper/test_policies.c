/* tests/unit/wrapper/test_policies.c: which policies are taken, kept, and taken again. */
#include "wrapper/policies.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/harness/fault.h"
#include "tests/harness/test.h"
#include "wrapper/policy/text.h"

#define REASON(name) HF_EVENT_POLICY_REFUSED_REASON_##name
#define DAY_US       (INT64_C(86400) * 1000000)
#define BORN_US      (INT64_C(20000) * DAY_US)

/* A promise that holds, unless `kept` is false. */
static struct hf_buf bundle_of(const char *version, bool kept)
{
    char text[512];
    struct hf_buf out = hf_buf_init(HF_POLICY_BUNDLE_MAX);
    struct hf_policy_faults faults;
    struct hf_err err = {0};
    (void)snprintf(text, sizeof text,
                   "policy p version %s\ntool read\n  classes read\n  param path path read\n"
                   "rule reads\n  permit\n  classes read\n  reason \"r\"\n  asi ASI02\n"
                   "test t\n  call read {\"path\": \"a\"}\n  expect %s\n",
                   version, kept ? "permit by reads" : "forbid");
    HF_ASSERT(hf_policy_compile(hf_str_c(text), &out, &faults, &err) == HF_OK);
    return out;
}

struct world {
    struct hf_signing_key *key;
    struct hf_vkey vkey;
    char state[HF_PATH_MAX];
    char keys[HF_PATH_MAX];
    struct hf_policies policies;
    uint8_t note[HF_MANIFEST_MAX];
};

static struct world w; /* too big for the stack */

static void open_policies(bool with_keys)
{
    struct hf_err err = {0};
    HF_CHECK_OK(hf_policies_open(&w.policies, w.state, with_keys ? w.keys : NULL, &err), err);
}

static void set_up(void)
{
    uint8_t seed[HF_SEED_SIZE] = {7};
    char text[HF_VKEY_TEXT_MAX];
    char line[HF_VKEY_TEXT_MAX + 16];
    struct hf_secret secret = {0};
    HF_ASSERT(hf_secret_copy(hf_bytes_of(seed, sizeof seed), &secret) == HF_OK);
    HF_ASSERT(hf_signing_key_from_seed(&secret, &w.key, NULL) == HF_OK);
    hf_secret_free(&secret);
    HF_ASSERT(hf_vkey_make(HF_STR("r.example/policy"), HF_KEY_ED25519, hf_signing_key_public(w.key),
                           &w.vkey, NULL) == HF_OK);
    size_t size = hf_vkey_format(&w.vkey, text);
    int len = snprintf(line, sizeof line, "policy %.*s\n", (int)size, text);
    HF_ASSERT(hf_path_join(hf_test_dir(), "state", w.state, sizeof w.state) == HF_OK);
    HF_ASSERT(hf_path_join(hf_test_dir(), "keys", w.keys, sizeof w.keys) == HF_OK);
    HF_ASSERT(hf_dir_create(w.state, 0700, true, NULL) == HF_OK);
    HF_ASSERT(hf_file_replace(w.keys, hf_bytes_of(line, (size_t)len), 0600, NULL) == HF_OK);
    open_policies(true);
}

static void tear_down(void)
{
    hf_policies_close(&w.policies);
    hf_signing_key_free(w.key);
}

/* The region's offer of these bytes, signed as number `sequence` with that floor. */
static struct hf_policy_offer offer_of(const struct hf_buf *bundle, uint64_t sequence,
                                       uint64_t floor)
{
    struct hf_manifest m = {.slot = HF_SLOT_POLICY,
                            .channel = HF_CHANNEL_POLICY,
                            .region = "dev",
                            .platform = "any",
                            .name = "p",
                            .version = "1",
                            .length = bundle->len,
                            .sequence = sequence,
                            .floor = floor,
                            .created_us = BORN_US,
                            .expires_us = BORN_US + DAY_US};
    struct hf_writer writer = hf_writer_init(w.note, sizeof w.note);
    hf_sha256(hf_buf_bytes(bundle), &m.digest);
    hf_manifest_sign(&m, &w.vkey, w.key, &writer);
    return (struct hf_policy_offer){.bundle = hf_buf_bytes(bundle),
                                    .of_region = true,
                                    .manifest = hf_writer_done(&writer),
                                    .region = HF_STR("dev"),
                                    .now_us = BORN_US};
}

static void refused_for(const struct hf_policy_offer *offer, hf_policy_reason reason)
{
    hf_policy_reason got = REASON(MALFORMED);
    struct hf_err err = {0};
    const struct hf_policy *before = hf_policies_active(&w.policies);
    HF_CHECK_RC(hf_policies_take(&w.policies, offer, &got, &err), HF_EPERM);
    HF_CHECK_STR(hf_event_policy_refused_reason_name(got),
                 hf_event_policy_refused_reason_name(reason));
    HF_CHECK(err.text[0] != '\0' && hf_policies_active(&w.policies) == before);
}

/* Goal: everything that is not as the region signed it, for here and now, is refused with its
 * reason. Method: one good offer, and one for each thing that is wrong. */
HF_TEST(refusals)
{
    set_up();
    struct hf_buf good = bundle_of("1", true);
    struct hf_buf broken = bundle_of("2", false);
    struct hf_buf none = hf_buf_init(10);
    struct hf_buf nonsense = hf_buf_init(10);
    hf_buf_str(&nonsense, HF_STR("nonsense"));
    hf_policy_reason reason;
    struct hf_policy_offer offer = offer_of(&good, 5, 3);
    HF_CHECK_RC(hf_policies_take(&w.policies, &offer, &reason, NULL), HF_OK);
    HF_CHECK(w.policies.of_region && w.policies.sequence == 5 && w.policies.floor == 3);
    HF_CHECK_RC(hf_policies_take(&w.policies, &offer, &reason, NULL), HF_EEXIST);
    offer.manifest = hf_bytes_of(NULL, 0);
    refused_for(&offer, REASON(MALFORMED));
    offer = offer_of(&good, 6, 3);
    offer.manifest.len -= 10;
    refused_for(&offer, REASON(MALFORMED));
    offer = offer_of(&good, 6, 3);
    offer.region = HF_STR("prod");
    refused_for(&offer, REASON(WRONG_REGION));
    offer = offer_of(&good, 6, 3);
    offer.now_us = BORN_US + 2 * DAY_US;
    refused_for(&offer, REASON(EXPIRED));
    offer = offer_of(&good, 6, 3);
    offer.bundle = hf_buf_bytes(&broken);
    refused_for(&offer, REASON(LENGTH));
    offer = offer_of(&good, 2, 0);
    refused_for(&offer, REASON(BELOW_FLOOR));
    offer = offer_of(&good, 5, 3);
    offer.floor = 6; /* the agent knows of a higher one */
    refused_for(&offer, REASON(BELOW_FLOOR));
    offer = offer_of(&broken, 6, 3);
    refused_for(&offer, REASON(VECTORS));
    offer = offer_of(&nonsense, 6, 3);
    refused_for(&offer, REASON(NOT_COMPILED));
    offer = offer_of(&none, 6, 3);
    refused_for(&offer, REASON(EMPTY));
    offer = (struct hf_policy_offer){.bundle = hf_buf_bytes(&good)};
    refused_for(&offer, REASON(SEQUENCE)); /* a file does not go before the region's */
    HF_CHECK_U64(w.policies.floor, 3);
    hf_buf_free(&good);
    hf_buf_free(&broken);
    hf_buf_free(&none);
    hf_buf_free(&nonsense);
    tear_down();
}

/* Goal: a restart finds the last good one and looks at it again; a floor never sinks. Method: the
 * state folder is opened anew, with the keys, without them, and after somebody changed it. */
HF_TEST(restarts)
{
    set_up();
    struct hf_buf one = bundle_of("1", true);
    struct hf_buf two = bundle_of("2", true);
    struct hf_hash digest;
    hf_policy_reason reason;
    struct hf_err err = {0};
    HF_CHECK_RC(hf_policies_take_kept(&w.policies, &digest, &reason, NULL), HF_ENOTFOUND);
    struct hf_policy_offer offer = offer_of(&one, 5, 4);
    HF_CHECK_RC(hf_policies_take(&w.policies, &offer, &reason, NULL), HF_OK);
    offer = offer_of(&two, 4, 1); /* gone back to, which the floor allows */
    HF_CHECK_RC(hf_policies_take(&w.policies, &offer, &reason, NULL), HF_OK);
    hf_policies_close(&w.policies);
    open_policies(true);
    HF_CHECK_OK(hf_policies_take_kept(&w.policies, &digest, &reason, &err), err);
    HF_CHECK(w.policies.of_region && w.policies.sequence == 4 && w.policies.floor == 4);
    HF_CHECK(hf_hash_eq(&digest, hf_policy_digest(hf_policies_active(&w.policies))));
    hf_policies_close(&w.policies);
    open_policies(false);
    HF_CHECK_RC(hf_policies_take_kept(&w.policies, &digest, &reason, &err), HF_EPERM);
    HF_CHECK(reason == REASON(UNKNOWN_KEY) && hf_policies_active(&w.policies) == NULL);
    open_policies(true);
    struct hf_buf kept = hf_buf_init(HF_POLICY_BUNDLE_MAX);
    HF_CHECK_OK(hf_file_read(w.policies.kept, &kept, &err), err);
    kept.ptr[kept.len - 1] ^= 1;
    HF_CHECK_OK(hf_file_replace(w.policies.kept, hf_buf_bytes(&kept), 0600, &err), err);
    HF_CHECK_RC(hf_policies_take_kept(&w.policies, &digest, &reason, &err), HF_EPERM);
    HF_CHECK(reason == REASON(HASH));
    HF_CHECK_OK(hf_file_replace(w.policies.floor_file, HF_BYTES("x"), 0600, &err), err);
    HF_CHECK_RC(hf_policies_open(&w.policies, w.state, w.keys, &err), HF_ECORRUPT);
    hf_buf_free(&kept);
    hf_buf_free(&one);
    hf_buf_free(&two);
    tear_down();
}

/* Goal: a disk that fails takes nothing away. Method: each write and sync of taking a second
 * policy fails once; the first stays in force, or the second is and is what a restart finds. */
HF_TEST(failing_disk)
{
    set_up();
    struct hf_buf one = bundle_of("1", true);
    struct hf_buf two = bundle_of("2", true);

    const enum hf_sweep kinds[] = {HF_SWEEP_WRITE, HF_SWEEP_SYNC};

    for (size_t kind = 0; kind < HF_LEN(kinds); kind++) {
        uint64_t count = 1;
        for (uint64_t nth = 1; nth <= count; nth++) {
            struct hf_hash digest;
            hf_policy_reason reason;
            struct hf_policy_offer offer = offer_of(&one, 1, 0);
            hf_policies_close(&w.policies);
            (void)unlink(w.policies.floor_file);
            open_policies(true);
            HF_CHECK_RC(hf_policies_take(&w.policies, &offer, &reason, NULL), HF_OK);
            offer = offer_of(&two, 2, 2);
            hf_sweep_begin(kinds[kind], nth, ENOSPC);
            enum hf_rc rc = hf_policies_take(&w.policies, &offer, &reason, NULL);
            count = hf_sweep_end();
            HF_CHECK(rc == HF_OK || rc == HF_ENOSPC || rc == HF_EIO);
            struct hf_hash active = *hf_policy_digest(hf_policies_active(&w.policies));
            HF_CHECK((rc == HF_OK) == (w.policies.sequence == 2));
            if (rc == HF_OK) {
                hf_policies_close(&w.policies);
                open_policies(true);
                HF_CHECK_RC(hf_policies_take_kept(&w.policies, &digest, &reason, NULL), HF_OK);
                HF_CHECK(hf_hash_eq(&digest, &active));
            }
        }
        HF_CHECK(count > 0);
    }
    hf_buf_free(&one);
    hf_buf_free(&two);
    tear_down();
}

HF_TEST_MAIN(HF_TEST_CASE(refusals), HF_TEST_CASE(restarts), HF_TEST_CASE(failing_disk))
