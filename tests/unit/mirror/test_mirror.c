/* tests/unit/mirror/test_mirror.c: segments that continue a log, and all that do not. */
#include <stdio.h>

#include "base/env.h"
#include "log/mirror/mirror.h"
#include "tests/harness/test.h"

struct tenant {
    struct hf_signing_key *key;
    struct hf_frontier frontier;
    struct hf_buf bytes; /* the segment that was made last */
    struct hf_err err;
};

static bool new_tenant(struct tenant *t)
{
    struct hf_secret seed = {0};
    *t = (struct tenant){.bytes = hf_buf_init(8u << 20)};
    hf_frontier_init(&t->frontier);
    if (hf_crypto_init(&t->err) != HF_OK ||
        hf_signing_key_new(hf_env_os(), &t->key, &seed, &t->err) != HF_OK) {
        return false;
    }
    hf_secret_free(&seed);
    return true;
}

static void end_tenant(struct tenant *t)
{
    hf_signing_key_free(t->key);
    hf_buf_free(&t->bytes);
}

/* Makes the segment of the next `count` entries; `twist` makes other entries. */
static void make(struct tenant *t, uint32_t epoch, unsigned count, const char *twist)
{
    static uint8_t note[HF_SEGMENT_NOTE];
    struct hf_buf bundle = hf_buf_init(8u << 20);
    struct hf_segment segment = {.epoch = epoch, .first = t->frontier.size};
    for (unsigned i = 0; i < count; i++) {
        char text[64];
        uint8_t len[2];
        struct hf_hash leaf;
        int n = snprintf(text, sizeof text, "entry %llu%s", (unsigned long long)t->frontier.size,
                         twist);
        hf_be16_put(len, (uint16_t)n);
        hf_buf_put(&bundle, len, sizeof len);
        hf_buf_put(&bundle, text, (size_t)n);
        hf_tree_leaf_hash(hf_bytes_of(text, (size_t)n), &leaf);
        hf_frontier_append(&t->frontier, &leaf);
    }
    struct hf_vkey vkey;
    enum hf_rc rc = hf_mirror_vkey(HF_STR("dev/tenant/a"), epoch, hf_signing_key_public(t->key),
                                   &vkey, &t->err);
    HF_CHECK_OK(rc, t->err);
    segment.end = t->frontier.size;
    struct hf_checkpoint checkpoint = {.origin = hf_str_c(vkey.name), .size = segment.end};
    hf_frontier_root(&t->frontier, &checkpoint.root);
    struct hf_writer w = hf_writer_init(note, sizeof note);
    hf_checkpoint_sign(&checkpoint, &vkey, t->key, &w);
    segment.note = hf_writer_done(&w);
    segment.bundle = hf_buf_bytes(&bundle);
    hf_buf_clear(&t->bytes);
    hf_segment_write(&segment, &t->bytes);
    hf_buf_free(&bundle);
}

static enum hf_rc offer(struct tenant *t, struct hf_mirror *mirror)
{
    struct hf_segment segment;
    struct hf_mirror next = *mirror;
    struct hf_hash root;
    enum hf_rc rc = hf_segment_parse(hf_buf_bytes(&t->bytes), &segment, &t->err);
    if (rc == HF_OK) {
        rc = hf_mirror_check(mirror, &segment, HF_STR("dev/tenant/a"),
                             hf_signing_key_public(t->key), &next, &root, &t->err);
    }
    if (rc == HF_OK) {
        *mirror = next;
    }
    return rc;
}

/* One segment after the other; the same again is no news; a gap says where to go on. */
HF_TEST(continues)
{
    struct tenant t;
    struct hf_mirror mirror;
    HF_CHECK(new_tenant(&t));
    hf_mirror_init(&mirror);
    make(&t, 1, 3, "");
    HF_CHECK_OK(offer(&t, &mirror), t.err);
    HF_CHECK_RC(offer(&t, &mirror), HF_EEXIST);
    make(&t, 1, 500, "");
    HF_CHECK_OK(offer(&t, &mirror), t.err);
    HF_CHECK_U64(mirror.frontier.size, 503);
    make(&t, 1, 7, "");
    make(&t, 1, 1, "");
    HF_CHECK_RC(offer(&t, &mirror), HF_ECONFLICT);
    HF_CHECK(strstr(t.err.text, "entry 503 is wanted") != NULL);
    end_tenant(&t);
}

/* Two histories under one key, an older epoch, another signer. */
HF_TEST(refuses)
{
    struct tenant t;
    struct tenant other;
    struct hf_mirror mirror;
    HF_CHECK(new_tenant(&t));
    HF_CHECK(new_tenant(&other));
    hf_mirror_init(&mirror);
    make(&t, 1, 5, "");
    HF_CHECK_OK(offer(&t, &mirror), t.err);
    struct hf_frontier before = t.frontier;
    hf_frontier_init(&t.frontier);
    make(&t, 1, 5, "!");
    HF_CHECK_RC(offer(&t, &mirror), HF_EFORK);
    t.frontier.size = 5; /* a root over entries that were never sent */
    make(&t, 1, 2, "");
    HF_CHECK_RC(offer(&t, &mirror), HF_EFORK);
    t.frontier = before;
    make(&t, 1, 1, "");
    other.frontier = before;
    make(&other, 1, 1, "");
    hf_buf_clear(&t.bytes);
    hf_buf_put(&t.bytes, other.bytes.ptr, other.bytes.len);
    HF_CHECK_RC(offer(&t, &mirror), HF_EBADSIG);
    hf_frontier_init(&t.frontier);
    make(&t, 2, 4, "");
    HF_CHECK_OK(offer(&t, &mirror), t.err);
    HF_CHECK_U64(mirror.epoch, 2);
    t.frontier = before;
    make(&t, 1, 1, "");
    HF_CHECK_RC(offer(&t, &mirror), HF_ESTALE);
    end_tenant(&t);
    end_tenant(&other);
}

/* What was let in once is followed by its root alone; a gap, other entries and an older epoch are
 * damage, and the mirror stays as it was. */
HF_TEST(follows)
{
    struct tenant t;
    struct hf_mirror checked;
    struct hf_mirror mirror;
    struct hf_segment segment;
    struct hf_hash root;
    HF_CHECK(new_tenant(&t));
    hf_mirror_init(&checked);
    hf_mirror_init(&mirror);
    for (uint32_t i = 0; i < 40; i++) {
        if (i == 20) {
            hf_frontier_init(&t.frontier);
        }
        make(&t, i < 20 ? 1 : 2, 1 + i % 7, "");
        HF_CHECK_OK(offer(&t, &checked), t.err);
        HF_CHECK_OK(hf_segment_parse(hf_buf_bytes(&t.bytes), &segment, &t.err), t.err);
        hf_frontier_root(&checked.frontier, &root);
        uint32_t epoch = mirror.epoch;
        uint64_t size = mirror.frontier.size;
        root.b[i % HF_HASH_SIZE] ^= 1;
        HF_CHECK_RC(hf_mirror_follow(&mirror, &segment, &root, &t.err), HF_ECORRUPT);
        HF_CHECK(mirror.epoch == epoch && mirror.frontier.size == size);
        root.b[i % HF_HASH_SIZE] ^= 1;
        HF_CHECK_OK(hf_mirror_follow(&mirror, &segment, &root, &t.err), t.err);
        HF_CHECK_RC(hf_mirror_follow(&mirror, &segment, &root, &t.err), HF_ECORRUPT);
    }
    HF_CHECK(mirror.epoch == 2 && mirror.frontier.size == checked.frontier.size);
    segment.epoch = 1;
    segment.first = mirror.frontier.size;
    HF_CHECK_RC(hf_mirror_follow(&mirror, &segment, &root, &t.err), HF_ECORRUPT);
    end_tenant(&t);
}

/* Every byte of a segment changed, and every cut: never taken. */
HF_TEST(mutations)
{
    struct tenant t;
    struct hf_mirror mirror;
    HF_CHECK(new_tenant(&t));
    hf_mirror_init(&mirror);
    make(&t, 1, 4, "");
    for (size_t i = 0; i < t.bytes.len && !hf_test_failed(); i++) {
        t.bytes.ptr[i] ^= 1;
        HF_CHECK(offer(&t, &mirror) != HF_OK);
        t.bytes.ptr[i] ^= 1;
    }
    size_t len = t.bytes.len;
    for (t.bytes.len = 0; t.bytes.len < len; t.bytes.len++) {
        HF_CHECK(offer(&t, &mirror) != HF_OK);
    }
    HF_CHECK_OK(offer(&t, &mirror), t.err);
    end_tenant(&t);
}

HF_TEST_MAIN(HF_TEST_CASE(continues), HF_TEST_CASE(refuses), HF_TEST_CASE(follows),
             HF_TEST_CASE(mutations))
