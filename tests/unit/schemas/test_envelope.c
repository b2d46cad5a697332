/* tests/unit/schemas/test_envelope.c: submissions and leaves, byte by byte. */
#include "base/heap.h"
#include "base/hex.h"
#include "schemas/envelope.h"
#include "schemas/pack.h"
#include "tests/harness/test.h"

/* 12 elements: 1, "a.b", 2, "p", 3, "s", 4, "", "c", ["q", 5], nil, {}. */
static const char minimal_hex[] = "9c01a3612e6202a17003a17304a0a16392a17105c080";

static size_t unhex(const char *hex, uint8_t *room, size_t cap)
{
    size_t len = 0;
    enum hf_rc rc = hf_hex_decode(hf_str_c(hex), room, cap, &len, /* ret_at= */ NULL);
    HF_ASSERT(rc == HF_OK);
    return len;
}

static struct hf_envelope minimal(void)
{
    return (struct hf_envelope){
        .type = HF_STR("a.b"),
        .schema_version = 2,
        .producer = HF_STR("p"),
        .sequence = 3,
        .stream = HF_STR("s"),
        .occurred_us = 4,
        .correlation = HF_STR("c"),
        .has_causation = true,
        .causation_producer = HF_STR("q"),
        .causation_sequence = 5,
        .payload = HF_BYTES("\x80"),
    };
}

static char long_name[HF_ENVELOPE_NAME_MAX + 1];
static uint8_t room[70000];

static struct hf_str name_of(size_t len)
{
    memset(long_name, 'n', sizeof long_name);
    return (struct hf_str){long_name, len};
}

/* Goal: the bytes are the pinned ones and come back as fields. Method: a submission as hexadecimal,
 * written, parsed. */
HF_TEST(submission)
{
    uint8_t expected[64];
    size_t len = unhex(minimal_hex, expected, sizeof expected);
    struct hf_envelope e = minimal();
    struct hf_err err = {0};
    struct hf_writer w = hf_writer_init(room, sizeof room);
    HF_CHECK_OK(hf_envelope_write_submission(&e, &w, &err), err);
    HF_CHECK_U64(w.len, len);
    HF_CHECK_MEM(room, expected, len);
    struct hf_envelope back;
    HF_CHECK_OK(hf_envelope_parse_submission(hf_writer_done(&w), &back, &err), err);
    HF_CHECK_STR(back.type, e.type);
    HF_CHECK_STR(back.correlation, e.correlation);
    HF_CHECK_STR(back.causation_producer, e.causation_producer);
    HF_CHECK_U64(back.causation_sequence, 5);
    HF_CHECK_U64(back.body_len, len);
    HF_CHECK_U64(back.version, 0);
}

/* Goal: a leaf is the submission's bytes and two integers. Method: finish, compare, parse, read. */
HF_TEST(leaf)
{
    uint8_t expected[64];
    size_t len = unhex(minimal_hex, expected, sizeof expected);
    struct hf_envelope back;
    struct hf_err err = {0};
    uint8_t leaf[128];
    struct hf_writer l = hf_writer_init(leaf, sizeof leaf);
    hf_envelope_finish(hf_bytes_of(expected, len), 300, INT64_C(1767323045678901), &l);
    HF_CHECK_U64(l.len, len + 3 + 9);
    HF_CHECK_U64(leaf[0], 0x9e);
    HF_CHECK_MEM(leaf + 1, expected + 1, len - 1);
    HF_CHECK_MEM(leaf + len, "\xcd\x01\x2c\xcf", 4);
    HF_CHECK_OK(hf_envelope_parse_leaf(hf_writer_done(&l), &back, &err), err);
    HF_CHECK_U64(back.version, 300);
    HF_CHECK_U64(back.recorded_us, INT64_C(1767323045678901));
    HF_CHECK_U64(back.body_len, len);
    HF_CHECK_STR(back.stream, HF_STR("s"));
    HF_CHECK_OK(hf_envelope_read_leaf(hf_writer_done(&l), &back, &err), err);
    HF_CHECK_U64(back.version, 300);
    HF_CHECK_U64(back.payload.len, 1);
}

/* Goal: the hash is over the submission, whatever the writer added. Method: the hash of prefix and
 * bytes put together here, against those from the submission and from two leaves. */
HF_TEST(submission_hash)
{
    uint8_t text[128];
    struct hf_writer prefix = hf_writer_init(text, sizeof text);
    hf_writer_str(&prefix, HF_STR("holdfast/submission/v1\n"));
    HF_CHECK_U64(prefix.len, 23);
    size_t len = unhex(minimal_hex, text + 23, sizeof text - 23);
    struct hf_hash expected;
    struct hf_hash hash;
    struct hf_envelope e;
    struct hf_err err = {0};
    struct hf_bytes submission = hf_bytes_of(text + 23, len);
    hf_sha256(hf_bytes_of(text, 23 + len), &expected);
    hf_submission_hash(submission, &hash);
    HF_CHECK(hf_hash_eq(&hash, &expected));
    HF_CHECK_OK(hf_envelope_read_submission(submission, &e, &err), err);
    hf_envelope_submission_hash(&e, &hash);
    HF_CHECK(hf_hash_eq(&hash, &expected));
    for (uint64_t version = 1; version < UINT64_C(1) << 60; version *= 1000) {
        uint8_t leaf[128];
        struct hf_writer w = hf_writer_init(leaf, sizeof leaf);
        hf_envelope_finish(submission, version, (int64_t)version / 10, &w);
        HF_CHECK_OK(hf_envelope_read_leaf(hf_writer_done(&w), &e, &err), err);
        hf_envelope_submission_hash(&e, &hash);
        HF_CHECK(hf_hash_eq(&hash, &expected));
    }
}

/* Goal: each element's bounds hold for writers and for foreign bytes. Method: the submission with
 * one element replaced, as hexadecimal, with the text it gives ("" is accepted). */
HF_TEST(foreign_bytes)
{
    static const struct {
        const char *hex;
        const char *text;
    } cases[] = {
        {"9c01a3612e6202a17003a17304a0a16392a17105c080", ""},
        {"9c01a3612e6202a17003a17304a0a163c0c080", ""},
        {"9c01a3612e6202a17003a17304a0a163c0c081a16101", ""},
        {"9d01a3612e6202a17003a17304a0a16392a17105c080c0", "needs an array of 12"},
        {"8101c0", "offset 1: a map key"},
        {"c0", "needs an array of 12"},
        {"9c02a3612e6202a17003a17304a0a16392a17105c080", "envelope version:"},
        {"9c01a002a17003a17304a0a16392a17105c080", "type:"},
        {"9c01a3612d6202a17003a17304a0a16392a17105c080", "type:"},
        {"9c01a3412e6202a17003a17304a0a16392a17105c080", "type:"},
        {"9c010102a17003a17304a0a16392a17105c080", "type:"},
        {"9c01a3612e6200a17003a17304a0a16392a17105c080", "schema version:"},
        {"9c01a3612e62ce00010000a17003a17304a0a16392a17105c080", "schema version:"},
        {"9c01a3612e6202a003a17304a0a16392a17105c080", "producer:"},
        {"9c01a3612e6202a10a03a17304a0a16392a17105c080", "producer:"},
        {"9c01a3612e6202a2c28503a17304a0a16392a17105c080", "producer:"},
        {"9c01a3612e6202a2c3a903a17304a0a16392a17105c080", ""},
        {"9c01a3612e6202a17000a17304a0a16392a17105c080", "producer sequence:"},
        {"9c01a3612e6202a170ffa17304a0a16392a17105c080", "producer sequence:"},
        {"9c01a3612e6202a17003a004a0a16392a17105c080", "stream:"},
        {"9c01a3612e6202a17003a17f04a0a16392a17105c080", "stream:"},
        {"9c01a3612e6202a17003a173ffa0a16392a17105c080", "occurred:"},
        {"9c01a3612e6202a17003a173cf0384440ccc736000a0a16392a17105c080", "occurred:"},
        {"9c01a3612e6202a17003a17304c0a16392a17105c080", "actor:"},
        {"9c01a3612e6202a17003a17304a0a10092a17105c080", "correlation:"},
        {"9c01a3612e6202a17003a17304a0a16391a171c080", "causation:"},
        {"9c01a3612e6202a17003a17304a0a16392a17100c080", "causation:"},
        {"9c01a3612e6202a17003a17304a0a16392a10105c080", "causation:"},
        {"9c01a3612e6202a17003a17304a0a16392a17105c4010080", "blob:"},
        {"9c01a3612e6202a17003a17304a0a16392a17105c090", "payload:"},
        {"9c01a3612e6202a17003a17304a0a16392a17105c0c0", "payload:"},
        {"9c01a3612e6202a17003a17304a0a16392a17105c08000", "offset 22: bytes after"},
        {"9c01a3612e6202a17003a17304a0a16392a17105c081a161cc01", "offset 24: not the shortest"},
    };

    for (size_t i = 0; i < HF_LEN(cases); i++) {
        size_t len = unhex(cases[i].hex, room, sizeof room);
        struct hf_envelope e;
        struct hf_err err = {0};
        enum hf_rc rc = hf_envelope_parse_submission(hf_bytes_of(room, len), &e, &err);
        bool as_expected =
            cases[i].text[0] == '\0'
                ? rc == HF_OK
                : rc == HF_EINVAL && hf_str_starts(hf_str_c(err.text), hf_str_c(cases[i].text));
        if (!as_expected) {
            hf_test_fail(__FILE__, __LINE__, "%s: \"%s\", expected \"%s\"", cases[i].hex, err.text,
                         cases[i].text);
            return;
        }
    }
}

/* Goal: no field outside of its bounds is written. Method: one field at a time. */
HF_TEST(write_refuses)
{
    const struct hf_envelope good = minimal();
    struct hf_envelope bad[16];
    size_t count = 0;
#define BAD(member, value)                                                                         \
    bad[count] = good;                                                                             \
    bad[count++].member = (value)
    BAD(type, HF_STR("A"));
    BAD(type, HF_STR(""));
    BAD(schema_version, 0);
    BAD(schema_version, 65536);
    BAD(producer, HF_STR(""));
    BAD(producer, HF_STR("a\tb"));
    BAD(producer, HF_STR("\xff"));
    BAD(sequence, 0);
    BAD(stream, name_of(HF_ENVELOPE_NAME_MAX + 1));
    BAD(occurred_us, -1);
    BAD(occurred_us, HF_ENVELOPE_TIME_MAX + 1);
    BAD(actor, HF_STR("\x7f"));
    BAD(correlation, name_of(HF_ENVELOPE_NAME_MAX + 1));
    BAD(causation_sequence, 0);
    BAD(blob, HF_BYTES("short"));
    BAD(payload, HF_BYTES("\x90"));
#undef BAD
    for (size_t i = 0; i < count; i++) {
        struct hf_err err = {0};
        struct hf_writer w = hf_writer_init(room, sizeof room);
        HF_CHECK_RC(hf_envelope_write_submission(&bad[i], &w, &err), HF_EINVAL);
        HF_CHECK_U64(w.len, 0);
    }
}

/* Goal: the greatest values fit and come back. Method: every field at its upper bound. */
HF_TEST(upper_bounds)
{
    struct hf_envelope e = minimal();
    struct hf_envelope back;
    struct hf_err err = {0};
    char type[HF_ENVELOPE_TYPE_MAX];
    memset(type, 'z', sizeof type);
    e.type = (struct hf_str){type, sizeof type};
    e.schema_version = 65535;
    e.producer = e.stream = e.actor = e.correlation = e.causation_producer =
        name_of(HF_ENVELOPE_NAME_MAX);
    e.sequence = e.causation_sequence = UINT64_MAX;
    e.occurred_us = HF_ENVELOPE_TIME_MAX;
    e.blob = hf_bytes_of(long_name, HF_HASH_SIZE);
    struct hf_writer w = hf_writer_init(room, sizeof room);
    HF_CHECK_OK(hf_envelope_write_submission(&e, &w, &err), err);
    HF_CHECK_OK(hf_envelope_parse_submission(hf_writer_done(&w), &back, &err), err);
    HF_CHECK_U64(back.sequence, UINT64_MAX);
    HF_CHECK_U64(back.causation_sequence, UINT64_MAX);
    HF_CHECK_U64(back.occurred_us, HF_ENVELOPE_TIME_MAX);
    HF_CHECK_U64(back.blob.len, HF_HASH_SIZE);
    HF_CHECK_STR(back.actor, e.actor);
    struct hf_bytes submission = hf_writer_done(&w);
    uint8_t leaf[2048];
    struct hf_writer l = hf_writer_init(leaf, sizeof leaf);
    hf_envelope_finish(submission, UINT64_MAX, HF_ENVELOPE_TIME_MAX, &l);
    HF_CHECK_U64(l.len, submission.len + HF_ENVELOPE_FINISH_MAX);
    HF_CHECK_OK(hf_envelope_parse_leaf(hf_writer_done(&l), &back, &err), err);
    HF_CHECK_U64(back.version, UINT64_MAX);
}

/* Goal: the size limit leaves room for what the writer adds. Method: payloads that fill a
 * submission exactly, and one byte more. */
HF_TEST(size_limit)
{
    static uint8_t payload[HF_SUBMISSION_MAX];
    uint8_t head[64];
    size_t head_len = unhex(minimal_hex, head, sizeof head) - 1;
    for (size_t extra = 0; extra < 2; extra++) {
        size_t len = HF_SUBMISSION_MAX - head_len + extra;
        memset(payload, 'x', sizeof payload);
        struct hf_writer p = hf_writer_init(payload, sizeof payload);
        hf_writer_str(&p, HF_STR("\x81\xa1k\xda"));
        hf_writer_be16(&p, (uint16_t)(len - 6));
        struct hf_envelope e = minimal();
        struct hf_envelope back;
        struct hf_err err = {0};
        e.payload = hf_bytes_of(payload, len);
        struct hf_writer w = hf_writer_init(room, sizeof room);
        HF_CHECK_RC(hf_envelope_write_submission(&e, &w, &err), extra == 0 ? HF_OK : HF_ETOOBIG);
        HF_CHECK_RC(hf_envelope_parse_submission(hf_writer_done(&w), &back, &err),
                    extra == 0 ? HF_OK : HF_ETOOBIG);
        if (extra == 0) {
            static uint8_t leaf[HF_LEAF_MAX];
            struct hf_writer l = hf_writer_init(leaf, sizeof leaf);
            hf_envelope_finish(hf_writer_done(&w), UINT64_MAX, HF_ENVELOPE_TIME_MAX, &l);
            HF_CHECK(!l.overflow && l.len == HF_LEAF_MAX);
            HF_CHECK_OK(hf_envelope_parse_leaf(hf_writer_done(&l), &back, &err), err);
        }
    }
}

/* Goal: no byte is read past the end, nothing cut or flipped is taken for whole. Method: every
 * prefix of a leaf in a block of its own; every bit flipped. */
HF_TEST(cut_and_flipped)
{
    uint8_t leaf[128];
    struct hf_envelope e;
    struct hf_err err = {0};
    size_t len = unhex(minimal_hex, room, sizeof room);
    struct hf_writer w = hf_writer_init(leaf, sizeof leaf);
    hf_envelope_finish(hf_bytes_of(room, len), 7, 1000000, &w);
    for (size_t cut = 0; cut < w.len; cut++) {
        uint8_t *copy = hf_heap_copy(leaf, cut);
        HF_CHECK(copy != NULL);
        enum hf_rc fast = hf_envelope_read_leaf(hf_bytes_of(copy, cut), &e, &err);
        enum hf_rc full = hf_envelope_parse_leaf(hf_bytes_of(copy, cut), &e, &err);
        hf_heap_free(copy);
        HF_CHECK_RC(fast, HF_ECORRUPT);
        HF_CHECK_RC(full, HF_EINVAL);
    }
    for (size_t bit = 0; bit < w.len * 8; bit++) {
        leaf[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        enum hf_rc full = hf_envelope_parse_leaf(hf_writer_done(&w), &e, &err);
        enum hf_rc fast = hf_envelope_read_leaf(hf_writer_done(&w), &e, &err);
        HF_CHECK(full != HF_OK || fast == HF_OK);
        leaf[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
}

HF_TEST_MAIN(HF_TEST_CASE(submission), HF_TEST_CASE(leaf), HF_TEST_CASE(submission_hash),
             HF_TEST_CASE(foreign_bytes), HF_TEST_CASE(write_refuses), HF_TEST_CASE(upper_bounds),
             HF_TEST_CASE(size_limit), HF_TEST_CASE(cut_and_flipped))
