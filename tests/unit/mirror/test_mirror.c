/* tests/unit/mirror/test_mirror.c: segments that continue a log, and all that do not. */
#include <stdio.h>

#include "base/env.h"
#include "log/mirror/mirror.h"
#include "schemas/envelope.h"
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

static void add_entry(struct tenant *t, struct hf_bytes entry, struct hf_buf *bundle)
{
    uint8_t len[2];
    struct hf_hash leaf;
    hf_be16_put(len, (uint16_t)entry.len);
    hf_buf_put(bundle, len, sizeof len);
    hf_buf_put(bundle, entry.ptr, entry.len);
    hf_tree_leaf_hash(entry, &leaf);
    hf_frontier_append(&t->frontier, &leaf);
}

/* The first entry of an epoch, as `event` says it. */
static void add_opening(struct tenant *t, const struct hf_event_epoch_opened *event,
                        struct hf_buf *bundle)
{
    uint8_t payload[4096];
    uint8_t submission[8192];
    uint8_t leaf[8192];
    struct hf_writer p = hf_writer_init(payload, sizeof payload);
    struct hf_writer s = hf_writer_init(submission, sizeof submission);
    struct hf_writer l = hf_writer_init(leaf, sizeof leaf);
    hf_event_epoch_opened_encode(event, &p);
    const struct hf_envelope envelope = {.type = HF_STR(HF_EVENT_EPOCH_OPENED_NAME),
                                         .schema_version = HF_EVENT_EPOCH_OPENED_VERSION,
                                         .producer = HF_STR("agent/a"),
                                         .sequence = event->epoch,
                                         .stream = HF_STR("epoch/a"),
                                         .payload = hf_writer_done(&p)};
    HF_CHECK_OK(hf_envelope_write_submission(&envelope, &s, &t->err), t->err);
    hf_envelope_finish(hf_writer_done(&s), 1, 1, &l);
    add_entry(t, hf_writer_done(&l), bundle);
}

/* Makes the segment of the next `count` entries; `twist` makes other entries. */
static void make_after(struct tenant *t, uint32_t epoch, unsigned count, const char *twist,
                       const struct hf_event_epoch_opened *opening)
{
    static uint8_t note[HF_SEGMENT_NOTE];
    struct hf_buf bundle = hf_buf_init(8u << 20);
    struct hf_segment segment = {.epoch = epoch, .first = t->frontier.size};
    if (opening != NULL) {
        add_opening(t, opening, &bundle);
    }
    for (unsigned i = 0; i < count; i++) {
        char text[64];
        int n = snprintf(text, sizeof text, "entry %llu%s", (unsigned long long)t->frontier.size,
                         twist);
        add_entry(t, hf_bytes_of(text, (size_t)n), &bundle);
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

static void make(struct tenant *t, uint32_t epoch, unsigned count, const char *twist)
{
    make_after(t, epoch, count, twist, NULL);
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
    end_tenant(&t);
    end_tenant(&other);
}

/* The signed checkpoint of the segment that was made last. */
static void last_note(struct tenant *t, char *out, size_t cap, struct hf_str *ret_note)
{
    struct hf_segment segment;
    HF_CHECK_OK(hf_segment_parse(hf_buf_bytes(&t->bytes), &segment, &t->err), t->err);
    HF_CHECK(segment.note.len <= cap);
    memcpy(out, segment.note.ptr, segment.note.len);
    *ret_note = (struct hf_str){out, segment.note.len};
}

/* A new epoch is the next one and says what was before; whatever it says wrong is refused, and
 * after it the old epoch is over. */
HF_TEST(epochs)
{
    struct tenant t;
    struct hf_mirror mirror;
    char note[HF_SEGMENT_NOTE];
    struct hf_str receipt = {NULL, 0};
    HF_CHECK(new_tenant(&t));
    hf_mirror_init(&mirror);
    make(&t, 2, 1, "");
    HF_CHECK_RC(offer(&t, &mirror), HF_EBADPROOF); /* before the first */
    hf_frontier_init(&t.frontier);
    make(&t, 1, 5, "");
    HF_CHECK_OK(offer(&t, &mirror), t.err);
    struct hf_frontier before = t.frontier;
    struct hf_hash root;
    hf_frontier_root(&before, &root);
    last_note(&t, note, sizeof note, &receipt);
    const struct hf_event_epoch_opened good = {.tenant = HF_STR("a"),
                                               .epoch = 2,
                                               .old_epoch = 1,
                                               .old_size = 3,
                                               .old_root = hf_bytes_of(root.b, HF_HASH_SIZE),
                                               .carried_from = 3,
                                               .reason = HF_STR("restored"),
                                               .has_receipt = true,
                                               .receipt = receipt};
    struct hf_event_epoch_opened wrong[5] = {good, good, good, good, good};
    wrong[0].epoch = 3;
    wrong[1].old_epoch = 2;
    wrong[2].receipt = HF_STR("a receipt of nobody");
    wrong[3].old_epoch = 0; /* not what the schema allows */
    wrong[4].tenant = HF_STR("b");
    for (size_t i = 0; i < HF_LEN(wrong); i++) {
        hf_frontier_init(&t.frontier);
        make_after(&t, 2, 3, "", &wrong[i]);
        HF_CHECK_RC(offer(&t, &mirror), HF_EBADPROOF);
    }
    hf_frontier_init(&t.frontier);
    make(&t, 2, 4, "");
    HF_CHECK_RC(offer(&t, &mirror), HF_EBADPROOF); /* it does not say so */
    hf_frontier_init(&t.frontier);
    make_after(&t, 3, 4, "", &good);
    HF_CHECK_RC(offer(&t, &mirror), HF_EBADPROOF); /* one was left out */
    HF_CHECK_U64(mirror.epoch, 1);
    hf_frontier_init(&t.frontier);
    make_after(&t, 2, 4, "", &good);
    HF_CHECK_OK(offer(&t, &mirror), t.err);
    HF_CHECK_U64(mirror.epoch, 2);
    HF_CHECK_U64(mirror.frontier.size, 5);
    make(&t, 2, 4, "");
    HF_CHECK_OK(offer(&t, &mirror), t.err);
    t.frontier = before;
    make(&t, 1, 1, "");
    HF_CHECK_RC(offer(&t, &mirror), HF_ESTALE);
    end_tenant(&t);
}

/* A region that was put back to before the first segment, and an agent in epoch 4: asked to send
 * from the beginning of that epoch, which is taken, though not without its opening. */
HF_TEST(region_lost_all)
{
    struct tenant t;
    struct hf_mirror mirror;
    struct hf_hash root;
    HF_CHECK(new_tenant(&t));
    hf_mirror_init(&mirror);
    hf_frontier_root(&t.frontier, &root);
    const struct hf_event_epoch_opened opening = {.tenant = HF_STR("a"),
                                                  .epoch = 4,
                                                  .old_epoch = 2,
                                                  .old_root = hf_bytes_of(root.b, HF_HASH_SIZE),
                                                  .reason = HF_STR("restored")};
    make_after(&t, 4, 3, "", &opening);
    make(&t, 4, 2, "");
    HF_CHECK_RC(offer(&t, &mirror), HF_ECONFLICT);
    hf_frontier_init(&t.frontier);
    make(&t, 4, 2, "");
    HF_CHECK_RC(offer(&t, &mirror), HF_EBADPROOF);
    hf_frontier_init(&t.frontier);
    make_after(&t, 4, 3, "", &opening);
    HF_CHECK_OK(offer(&t, &mirror), t.err);
    HF_CHECK_U64(mirror.epoch, 4);
    end_tenant(&t);
}

/* A second agent of the tenant, with a log key of its own: nothing of it is taken as a part of the
 * first one's epoch, not even what would go on; the next epoch is its own, and only its own. */
HF_TEST(successors)
{
    struct tenant first;
    struct tenant second;
    struct hf_mirror mirror;
    struct hf_hash root;
    HF_CHECK(new_tenant(&first));
    HF_CHECK(new_tenant(&second));
    hf_mirror_init(&mirror);
    make(&first, 1, 5, "");
    HF_CHECK_OK(offer(&first, &mirror), first.err);
    make(&second, 1, 5, "!");
    HF_CHECK_RC(offer(&second, &mirror), HF_ESTALE);
    make(&second, 1, 2, "");
    HF_CHECK_RC(offer(&second, &mirror), HF_ESTALE);
    second.frontier = first.frontier;
    make(&second, 1, 2, "");
    HF_CHECK_RC(offer(&second, &mirror), HF_ESTALE);
    HF_CHECK(strstr(second.err.text, "begin epoch 2") != NULL);
    hf_frontier_init(&second.frontier);
    hf_frontier_root(&second.frontier, &root);
    const struct hf_event_epoch_opened opening = {.tenant = HF_STR("a"),
                                                  .epoch = 2,
                                                  .old_epoch = 1,
                                                  .old_root = hf_bytes_of(root.b, HF_HASH_SIZE),
                                                  .reason = HF_STR("a new agent")};
    make_after(&second, 2, 3, "", &opening);
    HF_CHECK_OK(offer(&second, &mirror), second.err);
    make(&second, 2, 3, "");
    HF_CHECK_OK(offer(&second, &mirror), second.err);
    first.frontier = second.frontier;
    make(&first, 2, 1, "");
    HF_CHECK_RC(offer(&first, &mirror), HF_ESTALE);
    end_tenant(&first);
    end_tenant(&second);
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
    const struct hf_public_key *key = hf_signing_key_public(t.key);
    hf_mirror_init(&checked);
    hf_mirror_init(&mirror);
    for (uint32_t i = 0; i < 40; i++) {
        make(&t, 1, 1 + i % 7, "");
        HF_CHECK_OK(offer(&t, &checked), t.err);
        HF_CHECK_OK(hf_segment_parse(hf_buf_bytes(&t.bytes), &segment, &t.err), t.err);
        hf_frontier_root(&checked.frontier, &root);
        uint32_t epoch = mirror.epoch;
        uint64_t size = mirror.frontier.size;
        root.b[i % HF_HASH_SIZE] ^= 1;
        HF_CHECK_RC(hf_mirror_follow(&mirror, &segment, key, &root, &t.err), HF_ECORRUPT);
        HF_CHECK(mirror.epoch == epoch && mirror.frontier.size == size);
        root.b[i % HF_HASH_SIZE] ^= 1;
        HF_CHECK_OK(hf_mirror_follow(&mirror, &segment, key, &root, &t.err), t.err);
        HF_CHECK_RC(hf_mirror_follow(&mirror, &segment, key, &root, &t.err), HF_ECORRUPT);
    }
    HF_CHECK(mirror.epoch == checked.epoch && mirror.frontier.size == checked.frontier.size);
    HF_CHECK(memcmp(&mirror.key, key, sizeof *key) == 0);
    segment.epoch = 0;
    segment.first = mirror.frontier.size;
    HF_CHECK_RC(hf_mirror_follow(&mirror, &segment, key, &root, &t.err), HF_ECORRUPT);
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

HF_TEST_MAIN(HF_TEST_CASE(continues), HF_TEST_CASE(refuses), HF_TEST_CASE(epochs),
             HF_TEST_CASE(region_lost_all), HF_TEST_CASE(successors), HF_TEST_CASE(follows),
             HF_TEST_CASE(mutations))
