/* tests/unit/commands/test_artifact.c: what comes into a slot, and who may tell whom to run it. */
#include "commands/artifact.h"

#include <stdio.h>

#include "tests/harness/test.h"
#include "tests/unit/commands/fold.h"

#define REASON(name) HF_EVENT_ARTIFACT_REFUSED_REASON_##name

static struct hf_hash hash_of(uint8_t byte)
{
    struct hf_hash hash;
    memset(hash.b, byte, sizeof hash.b);
    return hash;
}

static struct hf_manifest manifest_of(uint8_t byte, uint64_t sequence, uint64_t floor)
{
    return (struct hf_manifest){.slot = HF_SLOT_POLICY,
                                .channel = HF_CHANNEL_POLICY,
                                .region = "dev",
                                .platform = "any",
                                .name = "default",
                                .version = "1.0",
                                .length = 9,
                                .digest = hash_of(byte),
                                .sequence = sequence,
                                .floor = floor,
                                .created_us = NOW,
                                .expires_us = NOW + 1000};
}

/* A note's form is enough: who folds an event has verified it before. */
static enum hf_rc add(struct hf_artifact_slot *slot, struct hf_artifact *artifact, uint64_t index,
                      const struct hf_manifest *m)
{
    struct made made;
    struct hf_err err = {0};
    struct hf_signing_key *key = NULL;
    struct hf_secret seed = {0};
    struct hf_vkey vkey;
    uint8_t note[HF_MANIFEST_MAX];
    uint8_t payload[4096];
    struct hf_event_artifact_added event;
    struct hf_writer w = hf_writer_init(note, sizeof note);
    struct hf_writer p = hf_writer_init(payload, sizeof payload);
    HF_ASSERT(hf_signing_key_new(hf_env_os(), &key, &seed, &err) == HF_OK);
    HF_ASSERT(hf_vkey_make(HF_STR("k"), HF_KEY_ED25519, hf_signing_key_public(key), &vkey, &err) ==
              HF_OK);
    hf_manifest_sign(m, &vkey, key, &w);
    HF_ASSERT(hf_artifact_encode(m, hf_writer_done(&w), &p));
    HF_ASSERT(hf_event_artifact_added_decode(hf_writer_done(&p), &event, &err) == HF_OK);
    enum hf_rc rc = hf_artifact_fold(
        slot, artifact, index,
        make_event(&made, HF_EVENT_ARTIFACT_ADDED_NAME, &event, slot->version + 1, NOW), &err);
    hf_signing_key_free(key);
    hf_secret_free(&seed);
    return rc;
}

/* Two artifacts, the first one signed again: numbers and floor only grow, its bytes stay where they
 * were. */
HF_TEST(folds)
{
    struct hf_artifact_slot slot = {.version = 0};
    struct hf_artifact one = {.index = 0};
    struct hf_artifact two = {.index = 0};
    struct hf_manifest m = manifest_of(1, 3, 2);
    HF_CHECK_RC(add(&slot, &one, 10, &m), HF_OK);
    m = manifest_of(2, 4, 0);
    m.has_parent = true;
    m.parent = hash_of(1);
    m.strictness = HF_STRICTNESS_TIGHTER;
    HF_CHECK_RC(add(&slot, &two, 11, &m), HF_OK);
    HF_CHECK(slot.version == 2 && slot.newest == 4 && slot.floor == 2);
    HF_CHECK(two.manifest.has_parent && hf_hash_eq(&two.manifest.parent, &one.manifest.digest));
    m = manifest_of(1, 5, 5);
    HF_CHECK_RC(add(&slot, &one, 12, &m), HF_OK);
    HF_CHECK(slot.newest == 5 && slot.floor == 5 && one.index == 12 && one.blob_index == 10);
    HF_CHECK_U64(one.manifest.sequence, 5);
}

/* What a region with a newest number 5 and a floor of 2 takes. */
HF_TEST(coming_in)
{
    const struct hf_artifact_slot slot = {.version = 2, .newest = 5, .floor = 2};
    const struct hf_manifest_want here = {.region = HF_STR("dev"), .now_us = NOW + 1};
    struct hf_artifact known = {.manifest = manifest_of(1, 5, 0)};
    struct hf_err err = {0};
    hf_artifact_reason reason = REASON(COUNT);
    struct hf_manifest m = manifest_of(2, 6, 0);
    HF_CHECK_OK(hf_artifact_may_add(&slot, NULL, &m, &here, &reason, &err), err);
    m.sequence = 5;
    HF_CHECK_RC(hf_artifact_may_add(&slot, NULL, &m, &here, &reason, &err), HF_EPERM);
    HF_CHECK_U64(reason, REASON(SEQUENCE));
    m.sequence = 1;
    HF_CHECK_RC(hf_artifact_may_add(&slot, NULL, &m, &here, &reason, &err), HF_EPERM);
    HF_CHECK_U64(reason, REASON(BELOW_FLOOR));
    m = manifest_of(1, 5, 0);
    HF_CHECK_RC(hf_artifact_may_add(&slot, &known, &m, &here, &reason, &err), HF_EEXIST);
    m = manifest_of(1, 6, 6);
    HF_CHECK_OK(hf_artifact_may_add(&slot, &known, &m, &here, &reason, &err), err);
    known.manifest.slot = HF_SLOT_PLUGIN;
    HF_CHECK_RC(hf_artifact_may_add(&slot, &known, &m, &here, &reason, &err), HF_EPERM);
    HF_CHECK_U64(reason, REASON(WRONG_SLOT));
}

/* Who may tell a tenant to run it, by what it was told last and by what the release key says. */
HF_TEST(telling)
{
    const struct hf_hash nothing = hash_of(0);
    const struct hf_hash parent = hash_of(1);
    const struct hf_hash itself = hash_of(2);

    const struct {
        const struct hf_hash *told;
        enum hf_strictness strictness;
        bool operator_may;
    } table[] = {
        {NULL, HF_STRICTNESS_TIGHTER, false},     {&parent, HF_STRICTNESS_TIGHTER, true},
        {&parent, HF_STRICTNESS_SAME, true},      {&parent, HF_STRICTNESS_LOOSER, false},
        {&parent, HF_STRICTNESS_MIXED, false},    {&parent, HF_STRICTNESS_NONE, false},
        {&nothing, HF_STRICTNESS_TIGHTER, false}, {&itself, HF_STRICTNESS_LOOSER, true},
    };

    for (size_t i = 0; i < HF_LEN(table); i++) {
        struct hf_artifact artifact = {.manifest = manifest_of(2, 7, 0)};
        struct hf_err err = {0};
        hf_artifact_reason reason = REASON(HASH);
        artifact.manifest.has_parent = true;
        artifact.manifest.parent = parent;
        artifact.manifest.strictness = table[i].strictness;
        struct hf_activation wish = {.artifact = &artifact,
                                     .slot = HF_SLOT_POLICY,
                                     .floor = 7,
                                     .told = table[i].told,
                                     .region = HF_STR("dev"),
                                     .role = HF_ROLE_OPERATOR,
                                     .now_us = NOW};
        HF_CHECK_RC(hf_artifact_may_activate(&wish, &reason, &err),
                    table[i].operator_may ? HF_OK : HF_EPERM);
        HF_CHECK_U64(reason, REASON(COUNT));
        wish.role = HF_ROLE_APPROVER;
        HF_CHECK_OK(hf_artifact_may_activate(&wish, &reason, &err), err);
        wish.floor = 8;
        HF_CHECK_RC(hf_artifact_may_activate(&wish, &reason, &err), HF_EPERM);
        HF_CHECK_U64(reason, REASON(BELOW_FLOOR));
        wish.floor = 7;
        wish.now_us = NOW + 1000;
        HF_CHECK_RC(hf_artifact_may_activate(&wish, &reason, &err), HF_EPERM);
        HF_CHECK_U64(reason, REASON(EXPIRED));
    }
}

HF_TEST_MAIN(HF_TEST_CASE(folds), HF_TEST_CASE(coming_in), HF_TEST_CASE(telling))
