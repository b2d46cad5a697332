/* tests/unit/mirror/test_follow.c: parts of a region's log that continue what a follower has, all
 * that do not, and what it keeps.
 */
#include "log/mirror/follow.h"

#include <stdio.h>

#include "base/env.h"
#include "base/heap.h"
#include "schemas/envelope.h"
#include "tests/harness/test.h"

struct region {
    struct hf_signing_key *key;
    struct hf_vkey vkey;
    struct hf_frontier frontier;
    struct hf_buf bundle; /* of the part that is being made */
    struct hf_buf blobs;
    struct hf_buf part; /* that was made last */
    uint64_t first;
    struct hf_err err;
};

static bool new_region(struct region *r)
{
    struct hf_secret seed = {0};
    *r = (struct region){.bundle = hf_buf_init(1u << 20),
                         .blobs = hf_buf_init(1u << 20),
                         .part = hf_buf_init(HF_FOLLOW_PART_MAX + 1)};
    hf_frontier_init(&r->frontier);
    bool good = hf_crypto_init(&r->err) == HF_OK &&
                hf_signing_key_new(hf_env_os(), &r->key, &seed, &r->err) == HF_OK &&
                hf_vkey_make(HF_STR("holdfast/dev"), HF_KEY_ED25519, hf_signing_key_public(r->key),
                             &r->vkey, &r->err) == HF_OK;
    hf_secret_free(&seed);
    return good;
}

static void end_region(struct region *r)
{
    hf_signing_key_free(r->key);
    hf_buf_free(&r->bundle);
    hf_buf_free(&r->blobs);
    hf_buf_free(&r->part);
}

static void put_blob(struct region *r, struct hf_bytes blob)
{
    uint8_t head[8];
    hf_be32_put(head, (uint32_t)(r->frontier.size - r->first));
    hf_be32_put(head + 4, (uint32_t)blob.len);
    hf_buf_put(&r->blobs, head, sizeof head);
    hf_buf_put(&r->blobs, blob.ptr, blob.len);
}

/* An entry with this number; blob: what it brings (empty: none). */
static void add(struct region *r, uint64_t number, struct hf_bytes blob)
{
    uint8_t submission[1024];
    uint8_t leaf[1024];
    uint8_t len[2];
    struct hf_hash hash;
    struct hf_writer s = hf_writer_init(submission, sizeof submission);
    struct hf_writer l = hf_writer_init(leaf, sizeof leaf);
    const uint8_t nothing[] = {0x80};
    hf_sha256(blob, &hash);
    const struct hf_envelope envelope = {.type = HF_STR("thing.happened"),
                                         .schema_version = 1,
                                         .producer = HF_STR("hub/dev"),
                                         .sequence = number,
                                         .stream = HF_STR("thing/a"),
                                         .blob =
                                             hf_bytes_of(hash.b, blob.len == 0 ? 0 : HF_HASH_SIZE),
                                         .payload = hf_bytes_of(nothing, sizeof nothing)};
    HF_CHECK_OK(hf_envelope_write_submission(&envelope, &s, &r->err), r->err);
    hf_envelope_finish(hf_writer_done(&s), number, 1, &l);
    hf_be16_put(len, (uint16_t)l.len);
    hf_buf_put(&r->bundle, len, sizeof len);
    hf_buf_put(&r->bundle, leaf, l.len);
    if (blob.len > 0) {
        put_blob(r, blob);
    }
    hf_tree_leaf_hash(hf_writer_done(&l), &hash);
    hf_frontier_append(&r->frontier, &hash);
}

/* Signs what was added since the last part, in the name of `as`. */
static void finish_as(struct region *r, const struct region *as)
{
    static uint8_t note[HF_SEGMENT_NOTE];
    struct hf_buf segment = hf_buf_init(1u << 20);
    struct hf_checkpoint checkpoint = {.origin = hf_str_c(as->vkey.name), .size = r->frontier.size};
    hf_frontier_root(&r->frontier, &checkpoint.root);
    struct hf_writer w = hf_writer_init(note, sizeof note);
    hf_checkpoint_sign(&checkpoint, &as->vkey, as->key, &w);
    const struct hf_segment parts = {.epoch = 1,
                                     .first = r->first,
                                     .end = r->frontier.size,
                                     .note = hf_writer_done(&w),
                                     .bundle = hf_buf_bytes(&r->bundle)};
    hf_segment_write(&parts, &segment);
    hf_buf_clear(&r->part);
    hf_follow_write_part(hf_buf_bytes(&segment), hf_buf_bytes(&r->blobs), &r->part);
    hf_buf_free(&segment);
    hf_buf_clear(&r->bundle);
    hf_buf_clear(&r->blobs);
    r->first = r->frontier.size;
}

/* The part of the next `count` entries; every third brings a blob. */
static void make(struct region *r, unsigned count)
{
    for (unsigned i = 0; i < count && !hf_test_failed(); i++) {
        char text[32];
        uint64_t number = r->frontier.size + 1;
        int n = snprintf(text, sizeof text, "blob %llu", (unsigned long long)number);
        add(r, number, hf_bytes_of(text, number % 3 == 0 ? (size_t)n : 0));
    }
    finish_as(r, r);
}

static enum hf_rc take(struct region *r, struct hf_follow *follow, struct hf_follow_part *ret)
{
    return hf_follow_take(follow, hf_buf_bytes(&r->part), ret, &r->err);
}

/* Part after part is taken and walked: each entry once, in order, with the blob that it brought;
 * the same again, and a gap, are told where to go on. */
HF_TEST(continues)
{
    struct region r;
    struct hf_follow follow;
    struct hf_follow_part part;
    uint64_t wanted = 0;
    HF_CHECK(new_region(&r));
    hf_follow_init(&follow, &r.vkey);
    for (unsigned round = 0; round < 20; round++) {
        struct hf_follow_walk walk;
        struct hf_bytes entry;
        struct hf_bytes blob;
        uint64_t index = 0;
        make(&r, 1 + round % 5);
        HF_CHECK_OK(take(&r, &follow, &part), r.err);
        hf_follow_walk_begin(&part, &walk);
        while (hf_follow_walk_next(&walk, &index, &entry, &blob)) {
            struct hf_envelope envelope;
            char text[32];
            int n = snprintf(text, sizeof text, "blob %llu", (unsigned long long)index + 1);
            HF_CHECK_OK(hf_envelope_parse_leaf(entry, &envelope, &r.err), r.err);
            HF_CHECK(index == wanted++ && envelope.sequence == index + 1);
            HF_CHECK(hf_bytes_eq(blob, hf_bytes_of(text, (index + 1) % 3 == 0 ? (size_t)n : 0)));
        }
        HF_CHECK_U64(wanted, r.frontier.size);
        HF_CHECK_RC(take(&r, &follow, &part), HF_ECONFLICT);
    }
    make(&r, 2);
    make(&r, 1);
    HF_CHECK_RC(take(&r, &follow, &part), HF_ECONFLICT);
    HF_CHECK_U64(follow.frontier.size, wanted);
    end_region(&r);
}

/* A rewritten past, another signer, blobs that are not the entry's: refused by name, and the next
 * right part is taken as if nothing had been. */
HF_TEST(refuses)
{
    struct region r;
    struct region other;
    struct hf_follow follow;
    struct hf_follow_part part;
    HF_CHECK(new_region(&r));
    HF_CHECK(new_region(&other));
    hf_follow_init(&follow, &r.vkey);
    make(&r, 5);
    HF_CHECK_OK(take(&r, &follow, &part), r.err);
    struct hf_frontier before = r.frontier;

    r.frontier.level[0].b[0] ^= 1; /* another fifth entry */
    make(&r, 3);
    HF_CHECK_RC(take(&r, &follow, &part), HF_EFORK);
    r.frontier = before;
    r.first = 5;
    add(&r, 6, hf_bytes_of("right", 5));
    hf_buf_clear(&r.blobs);
    r.frontier.size--; /* the number of the entry before */
    put_blob(&r, hf_bytes_of("wrong", 5));
    r.frontier.size++;
    finish_as(&r, &r);
    HF_CHECK_RC(take(&r, &follow, &part), HF_ECORRUPT);
    r.frontier = before;
    r.first = 5;
    add(&r, 6, hf_bytes_of(NULL, 0));
    finish_as(&r, &other);
    HF_CHECK_RC(take(&r, &follow, &part), HF_EBADSIG);
    r.frontier = before;
    r.first = 5;
    make(&r, 3);
    HF_CHECK_OK(take(&r, &follow, &part), r.err);
    HF_CHECK_U64(follow.frontier.size, 8);
    end_region(&r);
    end_region(&other);
}

/* What is known from before, in the middle of a part too, must be so; the follower stays. */
HF_TEST(remembers)
{
    struct region r;
    struct hf_follow follow;
    struct hf_follow_part part;
    HF_CHECK(new_region(&r));
    hf_follow_init(&follow, &r.vkey);
    make(&r, 4);
    follow.known_size = 4;
    hf_frontier_root(&r.frontier, &follow.known_root);
    hf_frontier_init(&r.frontier);
    r.first = 0;
    make(&r, 9);
    HF_CHECK_OK(take(&r, &follow, &part), r.err);
    for (unsigned i = 0; i < 9; i++) {
        follow.known_root.b[i] ^= 1;
        hf_frontier_init(&follow.frontier);
        HF_CHECK_RC(take(&r, &follow, &part), HF_EFORK);
        HF_CHECK_U64(follow.frontier.size, 0);
        follow.known_root.b[i] ^= 1;
    }
    HF_CHECK_OK(take(&r, &follow, &part), r.err);
    end_region(&r);
}

/* Every byte of a part changed, and every cut of it: never taken. */
HF_TEST(mutations)
{
    struct region r;
    struct hf_follow follow;
    struct hf_follow_part part;
    HF_CHECK(new_region(&r));
    hf_follow_init(&follow, &r.vkey);
    make(&r, 7);
    for (size_t i = 0; i < r.part.len && !hf_test_failed(); i++) {
        /* A blob's absence is no lie: an earlier entry may have brought it. */
        r.part.ptr[i] ^= 1;
        HF_CHECK(take(&r, &follow, &part) != HF_OK);
        r.part.ptr[i] ^= 1;
    }
    size_t len = r.part.len;
    unsigned taken = 0;
    for (r.part.len = 0; r.part.len < len; r.part.len++) {
        struct hf_follow copy = follow;
        taken += take(&r, &copy, &part) == HF_OK ? 1 : 0;
    }
    HF_CHECK_U64(taken, 2); /* without the last blob, and without both */
    HF_CHECK_OK(take(&r, &follow, &part), r.err);
    end_region(&r);
}

/* What is kept is read again, and goes on; every changed byte and every cut is seen, except a
 * changed key where none is expected. */
HF_TEST(keeps)
{
    struct region r;
    struct hf_follow follow;
    struct hf_follow again;
    struct hf_follow_part part;
    struct hf_buf text = hf_buf_init(HF_FOLLOW_STATE_MAX);
    HF_CHECK(new_region(&r));
    hf_follow_init(&follow, &r.vkey);
    for (unsigned round = 0; round < 12; round++) {
        hf_buf_clear(&text);
        hf_follow_write(&follow, &text);
        HF_CHECK_OK(hf_follow_read(hf_buf_bytes(&text), &r.vkey, &again, &r.err), r.err);
        HF_CHECK_OK(hf_follow_read(hf_buf_bytes(&text), NULL, &follow, &r.err), r.err);
        HF_CHECK_U64(again.frontier.size, r.frontier.size);
        make(&r, 1 + round);
        HF_CHECK_OK(take(&r, &follow, &part), r.err);
        HF_CHECK_OK(take(&r, &again, &part), r.err);
    }
    hf_buf_clear(&text);
    hf_follow_write(&follow, &text);
    for (size_t i = 0; i < text.len && !hf_test_failed(); i++) {
        text.ptr[i] ^= 1;
        HF_CHECK(hf_follow_read(hf_buf_bytes(&text), &r.vkey, &again, &r.err) != HF_OK);
        text.ptr[i] ^= 1;
        HF_CHECK(hf_follow_read(hf_bytes_of(text.ptr, i), NULL, &again, &r.err) == HF_ECORRUPT);
    }
    hf_buf_free(&text);
    end_region(&r);
}

HF_TEST_MAIN(HF_TEST_CASE(continues), HF_TEST_CASE(refuses), HF_TEST_CASE(remembers),
             HF_TEST_CASE(mutations), HF_TEST_CASE(keeps))
