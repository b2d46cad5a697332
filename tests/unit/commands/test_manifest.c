/* tests/unit/commands/test_manifest.c: every way in which an artifact is not to be believed. */
#include "commands/manifest.h"

#include <stdio.h>

#include "tests/harness/test.h"

#define REASON(name) HF_EVENT_ARTIFACT_REFUSED_REASON_##name
#define DAY_US       (INT64_C(86400) * 1000000)
#define BORN_US      (INT64_C(20000) * DAY_US)

static const char content[] = "the bytes of an artifact";

struct world {
    struct hf_signing_key *key[3]; /* of the channels policy and wrapper; a stranger's */
    struct hf_vkey vkey[3];
    struct hf_release_keys keys;
    struct hf_manifest manifest;
    uint8_t note[HF_MANIFEST_MAX];
    size_t note_len;
};

static struct hf_signing_key *key_of(uint8_t byte)
{
    uint8_t seed[HF_SEED_SIZE];
    struct hf_secret secret = {0};
    struct hf_signing_key *key = NULL;
    memset(seed, byte, sizeof seed);
    HF_ASSERT(hf_secret_copy(hf_bytes_of(seed, sizeof seed), &secret) == HF_OK);
    HF_ASSERT(hf_signing_key_from_seed(&secret, &key, NULL) == HF_OK);
    hf_secret_free(&secret);
    return key;
}

static void sign(struct world *w, unsigned by)
{
    struct hf_writer writer = hf_writer_init(w->note, sizeof w->note);
    hf_manifest_sign(&w->manifest, &w->vkey[by], w->key[by], &writer);
    HF_ASSERT(!writer.overflow);
    w->note_len = writer.len;
}

static void set_up(struct world *w)
{
    static const char *const names[] = {"r.example/policy", "r.example/wrapper", "r.example/x"};
    *w = (struct world){.note_len = 0};
    for (unsigned i = 0; i < 3; i++) {
        w->key[i] = key_of((uint8_t)(i + 1));
        HF_ASSERT(hf_vkey_make(hf_str_c(names[i]), HF_KEY_ED25519, hf_signing_key_public(w->key[i]),
                               &w->vkey[i], NULL) == HF_OK);
    }
    w->keys = (struct hf_release_keys){.count = 2,
                                       .channel = {HF_CHANNEL_POLICY, HF_CHANNEL_WRAPPER},
                                       .vkey = {w->vkey[0], w->vkey[1]}};
    w->manifest = (struct hf_manifest){.slot = HF_SLOT_POLICY,
                                       .channel = HF_CHANNEL_POLICY,
                                       .region = "dev",
                                       .platform = "any",
                                       .name = "default",
                                       .version = "1.0",
                                       .length = sizeof content - 1,
                                       .sequence = 5,
                                       .floor = 2,
                                       .created_us = BORN_US,
                                       .expires_us = BORN_US + 90 * DAY_US};
    hf_sha256(HF_BYTES(content), &w->manifest.digest);
    sign(w, 0);
}

static void tear_down(struct world *w)
{
    for (unsigned i = 0; i < 3; i++) {
        hf_signing_key_free(w->key[i]);
    }
}

/* Each member has its place in the text. */
static bool same(const struct hf_manifest *a, const struct hf_manifest *b)
{
    uint8_t texts[2][HF_MANIFEST_MAX];
    struct hf_writer w[2] = {hf_writer_init(texts[0], sizeof texts[0]),
                             hf_writer_init(texts[1], sizeof texts[1])};
    hf_manifest_format(a, &w[0]);
    hf_manifest_format(b, &w[1]);
    return hf_bytes_eq(hf_writer_done(&w[0]), hf_writer_done(&w[1]));
}

static struct hf_manifest_want usual(void)
{
    return (struct hf_manifest_want){.has_slot = true,
                                     .slot = HF_SLOT_POLICY,
                                     .region = HF_STR("dev"),
                                     .platform = HF_STR("linux-x86_64"),
                                     .floor = 3,
                                     .newest = 4,
                                     .now_us = BORN_US + DAY_US};
}

/* Opens and asks everything; HF_OK, or the reason. */
static enum hf_rc judge(struct world *w, const struct hf_manifest_want *want, struct hf_bytes bytes,
                        hf_artifact_reason *ret_reason)
{
    struct hf_manifest opened = {.length = 0};
    struct hf_err err = {0};
    enum hf_rc rc =
        hf_manifest_open(hf_bytes_of(w->note, w->note_len), &w->keys, &opened, ret_reason, &err);
    if (rc == HF_OK) {
        rc = hf_manifest_fits(&opened, want, ret_reason, &err);
    }
    if (rc == HF_OK) {
        rc = hf_manifest_covers(&opened, bytes, ret_reason, &err);
    }
    HF_ASSERT((rc == HF_OK) == (err.text[0] == '\0'));
    return rc;
}

static bool refused_for(struct world *w, const struct hf_manifest_want *want, struct hf_bytes bytes,
                        hf_artifact_reason reason)
{
    hf_artifact_reason got = HF_EVENT_ARTIFACT_REFUSED_REASON_COUNT;
    return judge(w, want, bytes, &got) == HF_EPERM && got == reason;
}

/* What was signed comes back member by member, and its text is as docs/FORMATS.md has it. */
HF_TEST(round_trip)
{
    static const char text[] =
        "holdfast/manifest@v1\nslot policy\nchannel policy\nregion dev\nplatform any\n"
        "name default\nversion 1.0\nlength 24\n"
        "sha256 3641be509b3d4c957dfd04f009a2acab95b9dc2c85cf00930b5322a0723563ed\n"
        "sequence 5\nparent none\nfloor 2\ncreated 2024-10-04T00:00:00.000000Z\n"
        "expires 2025-01-02T00:00:00.000000Z\nstrictness none\n";
    struct world w;
    struct hf_manifest opened = {.length = 0};
    struct hf_err err = {0};
    hf_artifact_reason reason;
    const struct hf_manifest_want want = usual();
    set_up(&w);
    HF_CHECK_OK(hf_manifest_open(hf_bytes_of(w.note, w.note_len), &w.keys, &opened, &reason, &err),
                err);
    HF_CHECK(same(&opened, &w.manifest));
    size_t before = (size_t)(strstr(text, "sha256 ") - text) + 7;
    HF_CHECK(memcmp(w.note, text, before) == 0);
    HF_CHECK(memcmp(w.note + before + 64, text + before + 64, sizeof text - 1 - before - 64) == 0);
    HF_CHECK_OK(judge(&w, &want, HF_BYTES(content), &reason), err);
    w.manifest.has_parent = true;
    memset(w.manifest.parent.b, 0xAB, HF_HASH_SIZE);
    w.manifest.strictness = HF_STRICTNESS_TIGHTER;
    sign(&w, 0);
    HF_CHECK_OK(hf_manifest_open(hf_bytes_of(w.note, w.note_len), &w.keys, &opened, &reason, &err),
                err);
    HF_CHECK(same(&opened, &w.manifest));
    tear_down(&w);
}

/* Every byte of a signed manifest, changed in each of its bits: it is never believed. */
HF_TEST(no_bit_may_change)
{
    struct world w;
    const struct hf_manifest_want want = usual();
    hf_artifact_reason reason;
    set_up(&w);
    for (size_t i = 0; i < w.note_len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            w.note[i] ^= (uint8_t)(1u << bit);
            HF_CHECK_RC(judge(&w, &want, HF_BYTES(content), &reason), HF_EPERM);
            w.note[i] ^= (uint8_t)(1u << bit);
        }
    }
    HF_CHECK_RC(judge(&w, &want, HF_BYTES(content), &reason), HF_OK);
    tear_down(&w);
}

/* Who signed, if anybody did. */
HF_TEST(signatures)
{
    struct world w;
    const struct hf_manifest_want want = usual();
    struct hf_bytes bytes = HF_BYTES(content);
    set_up(&w);
    sign(&w, 2);
    HF_CHECK(refused_for(&w, &want, bytes, REASON(UNKNOWN_KEY)));
    sign(&w, 1);
    HF_CHECK(refused_for(&w, &want, bytes, REASON(WRONG_CHANNEL)));
    sign(&w, 0);
    w.note[w.note_len - 10] ^= 1; /* a letter of the signature's base64 */
    HF_CHECK(refused_for(&w, &want, bytes, REASON(BAD_SIGNATURE)));
    sign(&w, 0);
    w.keys.count = 0;
    HF_CHECK(refused_for(&w, &want, bytes, REASON(UNKNOWN_KEY)));
    w.keys.count = 2;
    size_t text = (size_t)((char *)memmem(w.note, w.note_len, "\n\n", 2) - (char *)w.note) + 1;
    for (w.note_len = text; w.note_len <= text + 1; w.note_len++) {
        HF_CHECK(refused_for(&w, &want, bytes, REASON(UNSIGNED)));
    }
    w.note_len = 0;
    HF_CHECK(refused_for(&w, &want, bytes, REASON(MALFORMED)));
    w.note_len = text - 5;
    HF_CHECK(refused_for(&w, &want, bytes, REASON(MALFORMED)));
    /* Both keys: one of the right channel is enough. */
    hf_artifact_reason reason;
    struct hf_writer more = hf_writer_init(w.note, sizeof w.note);
    hf_manifest_sign(&w.manifest, &w.vkey[1], w.key[1], &more);
    struct hf_str signed_text = {(const char *)w.note, text};
    hf_note_sign(signed_text, &w.vkey[0], w.key[0], &more);
    w.note_len = more.len;
    HF_CHECK_RC(judge(&w, &want, bytes, &reason), HF_OK);
    tear_down(&w);
}

/* A good manifest that is not for here and now; one wish after the other. */
HF_TEST(not_for_here)
{
    const struct {
        struct hf_manifest_want change;
        hf_artifact_reason reason;
    } table[] = {
        {{.slot = HF_SLOT_WRAPPER}, REASON(WRONG_SLOT)},
        {{.region = HF_STR("prod-eu")}, REASON(WRONG_REGION)},
        {{.floor = 6}, REASON(BELOW_FLOOR)},
        {{.newest = 5}, REASON(SEQUENCE)},
        {{.now_us = BORN_US + 90 * DAY_US}, REASON(EXPIRED)},
    };
    struct world w;
    hf_artifact_reason reason;
    struct hf_bytes bytes = HF_BYTES(content);
    set_up(&w);
    for (size_t i = 0; i < HF_LEN(table); i++) {
        struct hf_manifest_want want = usual();
        want.slot = table[i].change.slot != HF_SLOT_POLICY ? table[i].change.slot : want.slot;
        want.region = table[i].change.region.len > 0 ? table[i].change.region : want.region;
        want.floor = table[i].change.floor > 0 ? table[i].change.floor : want.floor;
        want.newest = table[i].change.newest > 0 ? table[i].change.newest : want.newest;
        want.now_us = table[i].change.now_us > 0 ? table[i].change.now_us : want.now_us;
        HF_CHECK(refused_for(&w, &want, bytes, table[i].reason));
    }
    struct hf_manifest_want want = usual();
    (void)snprintf(w.manifest.platform, sizeof w.manifest.platform, "linux-riscv64");
    (void)snprintf(w.manifest.region, sizeof w.manifest.region, HF_MANIFEST_ALL);
    sign(&w, 0);
    HF_CHECK(refused_for(&w, &want, bytes, REASON(WRONG_PLATFORM)));
    /* Nothing is asked: going back, expired, from anywhere. */
    HF_CHECK_RC(judge(&w, &(struct hf_manifest_want){.floor = 5}, bytes, &reason), HF_OK);
    tear_down(&w);
}

/* Other bytes than those that were signed. */
HF_TEST(other_bytes)
{
    struct world w;
    char changed[sizeof content];
    const struct hf_manifest_want want = usual();
    set_up(&w);
    memcpy(changed, content, sizeof content);
    changed[3] ^= 1;
    HF_CHECK(refused_for(&w, &want, HF_BYTES(""), REASON(EMPTY)));
    HF_CHECK(refused_for(&w, &want, hf_bytes_of(content, 5), REASON(LENGTH)));
    HF_CHECK(refused_for(&w, &want, hf_bytes_of(content, sizeof content), REASON(LENGTH)));
    HF_CHECK(refused_for(&w, &want, hf_bytes_of(changed, sizeof content - 1), REASON(HASH)));
    w.manifest.length = 0;
    sign(&w, 0);
    HF_CHECK(refused_for(&w, &want, HF_BYTES(""), REASON(EMPTY)));
    tear_down(&w);
}

/* What must not be signed in the first place. */
HF_TEST(members)
{
    struct world w;
    struct hf_err err = {0};
    set_up(&w);
    const struct hf_manifest good = w.manifest;
    struct hf_manifest bad[] = {good, good, good, good, good, good, good, good, good, good};
    bad[0].sequence = 0;
    bad[1].floor = good.sequence + 1;
    bad[2].expires_us = good.created_us;
    bad[3].channel = HF_CHANNEL_WRAPPER;
    bad[4].strictness = HF_STRICTNESS_LOOSER; /* without a parent */
    bad[5].name[0] = ' ';
    bad[6].version[0] = '\n';
    bad[7].region[0] = '\0';
    bad[8].length = HF_ARTIFACT_MAX + 1;
    bad[9].platform[0] = '/';
    HF_CHECK_OK(hf_manifest_check(&good, &err), err);
    for (size_t i = 0; i < HF_LEN(bad); i++) {
        HF_CHECK_RC(hf_manifest_check(&bad[i], &err), HF_EINVAL);
        w.manifest = bad[i];
        sign(&w, 0);
        const struct hf_manifest_want want = usual();
        HF_CHECK(refused_for(&w, &want, HF_BYTES(content), REASON(MALFORMED)));
    }
    tear_down(&w);
}

/* A file of release keys, and what is wrong with others, by line. */
HF_TEST(release_keys)
{
    struct world w;
    char text[1024];
    char one[HF_VKEY_TEXT_MAX];
    char two[HF_VKEY_TEXT_MAX];
    struct hf_release_keys keys;
    struct hf_err err = {0};
    set_up(&w);
    (void)hf_vkey_format(&w.vkey[0], one);
    (void)hf_vkey_format(&w.vkey[1], two);
    (void)snprintf(text, sizeof text, "# of ours\npolicy %s\n\nwrapper %s\n", one, two);
    HF_CHECK_OK(hf_release_keys_parse(hf_str_bytes(hf_str_c(text)), &keys, &err), err);
    HF_CHECK(keys.count == 2 && keys.channel[1] == HF_CHANNEL_WRAPPER &&
             keys.vkey[0].id == w.vkey[0].id);
    (void)snprintf(text, sizeof text, "policy %s\nwrapper %s\n", one, one);
    HF_CHECK_RC(hf_release_keys_parse(hf_str_bytes(hf_str_c(text)), &keys, &err), HF_EEXIST);
    HF_CHECK(strstr(err.text, "line 2") != NULL && keys.count == 0);
    (void)snprintf(text, sizeof text, "policies %s\n", one);
    HF_CHECK_RC(hf_release_keys_parse(hf_str_bytes(hf_str_c(text)), &keys, &err), HF_EINVAL);
    HF_CHECK_RC(hf_release_keys_parse(HF_BYTES("policy x"), &keys, &err), HF_ESYNTAX);
    HF_CHECK_RC(hf_release_keys_parse(HF_BYTES("policy\n"), &keys, &err), HF_ESYNTAX);
    HF_CHECK_RC(hf_release_keys_parse(HF_BYTES(""), &keys, &err), HF_OK);
    tear_down(&w);
}

/* Goal: a channel may need several of its keys: with fewer the reason says so, the same key counts
 * once, and what can never be reached, or makes no sense, is refused with its line. */
HF_TEST(threshold)
{
    static const struct {
        const char *lines;
        enum hf_rc rc;
    } bad[] = {{"threshold policy 3\n", HF_EINVAL},
               {"threshold wrapper 1\n", HF_EINVAL},
               {"threshold policy 0\n", HF_ESYNTAX},
               {"threshold policy 9\n", HF_ESYNTAX},
               {"threshold policy\n", HF_ESYNTAX},
               {"threshold policy 2x\n", HF_ESYNTAX},
               {"threshold nothing 1\n", HF_EINVAL},
               {"threshold policy 1\nthreshold policy 2\n", HF_EEXIST}};
    struct world w;
    char text[1024];
    char one[HF_VKEY_TEXT_MAX];
    char two[HF_VKEY_TEXT_MAX];
    uint8_t first[HF_MANIFEST_MAX];
    uint8_t both[HF_MANIFEST_MAX];
    struct hf_release_keys keys;
    struct hf_manifest m;
    hf_artifact_reason reason;
    struct hf_err err = {0};
    set_up(&w);
    (void)hf_vkey_format(&w.vkey[0], one);
    (void)hf_vkey_format(&w.vkey[1], two);
    for (size_t i = 0; i < HF_LEN(bad); i++) {
        (void)snprintf(text, sizeof text, "policy %s\n%spolicy %s\n", one, bad[i].lines, two);
        HF_CHECK_RC(hf_release_keys_parse(hf_str_bytes(hf_str_c(text)), &keys, &err), bad[i].rc);
        HF_CHECK(keys.count == 0);
    }
    (void)snprintf(text, sizeof text, "threshold policy 2\npolicy %s\npolicy %s\n", one, two);
    HF_CHECK_OK(hf_release_keys_parse(hf_str_bytes(hf_str_c(text)), &keys, &err), err);
    struct hf_writer f = hf_writer_init(first, sizeof first);
    hf_manifest_sign(&w.manifest, &w.vkey[0], w.key[0], &f);
    struct hf_bytes note = hf_writer_done(&f);
    HF_CHECK_RC(hf_manifest_open(note, &keys, &m, &reason, &err), HF_EPERM);
    HF_CHECK(reason == REASON(TOO_FEW_SIGNATURES) && strstr(err.text, "2 of its keys") != NULL);
    struct hf_writer b = hf_writer_init(both, sizeof both);
    HF_CHECK_RC(hf_manifest_cosign(note, &w.vkey[0], w.key[0], &b, &m, &err), HF_EEXIST);
    HF_CHECK_OK(hf_manifest_cosign(note, &w.vkey[1], w.key[1], &b, &m, &err), err);
    HF_CHECK_OK(hf_manifest_open(hf_writer_done(&b), &keys, &m, &reason, &err), err);
    HF_CHECK_U64(m.sequence, w.manifest.sequence);
    struct hf_writer small = hf_writer_init(both, note.len + 8);
    HF_CHECK_RC(hf_manifest_cosign(note, &w.vkey[1], w.key[1], &small, &m, &err), HF_ETOOBIG);
    HF_CHECK_RC(hf_manifest_cosign(HF_BYTES("x"), &w.vkey[1], w.key[1], &small, &m, &err),
                HF_EINVAL);
    keys.threshold[HF_CHANNEL_POLICY] = 0;
    HF_CHECK_OK(hf_manifest_open(note, &keys, &m, &reason, &err), err);
    tear_down(&w);
}

/* A package is taken apart as it was put together; cut anywhere it is none or has fewer bytes. */
HF_TEST(packages)
{
    struct world w;
    uint8_t package[HF_PACKAGE_HEAD + HF_MANIFEST_MAX + sizeof content];
    struct hf_bytes note;
    struct hf_bytes bytes;
    struct hf_err err = {0};
    set_up(&w);
    hf_package_head(hf_bytes_of(w.note, w.note_len), package);
    memcpy(package + HF_PACKAGE_HEAD, w.note, w.note_len);
    memcpy(package + HF_PACKAGE_HEAD + w.note_len, content, sizeof content - 1);
    size_t head = HF_PACKAGE_HEAD + w.note_len;
    size_t len = head + sizeof content - 1;
    HF_CHECK_OK(hf_package_split(hf_bytes_of(package, len), &note, &bytes, &err), err);
    HF_CHECK(hf_bytes_eq(note, hf_bytes_of(w.note, w.note_len)));
    HF_CHECK(hf_bytes_eq(bytes, HF_BYTES(content)));
    for (size_t cut = 0; cut < len; cut++) {
        enum hf_rc rc = hf_package_split(hf_bytes_of(package, cut), &note, &bytes, &err);
        HF_CHECK_RC(rc, cut < head ? HF_ESYNTAX : HF_OK);
        HF_CHECK(cut < head || bytes.len == cut - head);
    }
    package[4] = 1;
    HF_CHECK_RC(hf_package_split(hf_bytes_of(package, len), &note, &bytes, &err), HF_ESYNTAX);
    tear_down(&w);
}

HF_TEST_MAIN(HF_TEST_CASE(round_trip), HF_TEST_CASE(no_bit_may_change), HF_TEST_CASE(signatures),
             HF_TEST_CASE(not_for_here), HF_TEST_CASE(other_bytes), HF_TEST_CASE(members),
             HF_TEST_CASE(release_keys), HF_TEST_CASE(threshold), HF_TEST_CASE(packages))
