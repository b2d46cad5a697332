/* tests/unit/schemas/test_personal.c: personal data is sealed as the golden lines say, and opens
 * with its own key, at its own place, and not otherwise. */
#include "base/env.h"
#include "base/file.h"
#include "base/hex.h"
#include "schemas/canonical.h"
#include "schemas/events_gen.h"
#include "schemas/pack.h"
#include "schemas/personal.h"
#include "tests/harness/test.h"

enum {
    LINES = 3
};

struct golden {
    struct hf_subject_key key;
    struct hf_hash digest;
    struct hf_personal_place place;
    uint8_t plain[HF_PERSONAL_MAX];
    size_t plain_len;
    uint8_t sealed[HF_PERSONAL_MAX];
    size_t sealed_len;
};

static struct hf_str take_word(struct hf_str *io_line)
{
    const char *space = memchr(io_line->ptr, ' ', io_line->len);
    size_t len = space == NULL ? io_line->len : (size_t)(space - io_line->ptr);
    size_t skip = space == NULL ? len : len + 1;
    struct hf_str word = {io_line->ptr, len};
    *io_line = (struct hf_str){io_line->ptr + skip, io_line->len - skip};
    return word;
}

static bool take_hex(struct hf_str *io_line, uint8_t *out, size_t cap, size_t *ret_len)
{
    return hf_hex_decode(take_word(io_line), out, cap, ret_len, /* ret_at= */ NULL) == HF_OK;
}

static bool read_line(struct hf_str line, struct golden *ret)
{
    uint8_t key[HF_SEAL_KEY_SIZE];
    size_t len = 0;
    bool ok = take_hex(&line, ret->key.subject.b, HF_SUBJECT_SIZE, &len) &&
              take_hex(&line, key, sizeof key, &len) &&
              hf_secret_copy(hf_bytes_of(key, sizeof key), &ret->key.key) == HF_OK &&
              take_hex(&line, ret->digest.b, HF_HASH_SIZE, &len);
    ret->place.tenant = take_word(&line);
    ret->place.approval = take_word(&line);
    return ok && take_hex(&line, ret->plain, sizeof ret->plain, &ret->plain_len) &&
           take_hex(&line, ret->sealed, sizeof ret->sealed, &ret->sealed_len);
}

/* Calls run with each golden line until a check fails. */
static void each_line(void (*run)(struct golden *g))
{
    static struct golden g;
    struct hf_buf text = hf_buf_init(1u << 20);
    struct hf_err err = {0};
    struct hf_str line;
    unsigned count = 0;
    HF_CHECK_OK(hf_file_read(hf_test_source("golden/personal-1.txt"), &text, &err), err);
    struct hf_cursor cursor = hf_cursor_init(hf_buf_bytes(&text));
    for (; !hf_test_failed() && hf_cursor_line(&cursor, &line); count++) {
        HF_CHECK(read_line(line, &g));
        run(&g);
        hf_secret_free(&g.key.key);
    }
    hf_buf_free(&text);
    HF_CHECK_U64(count, LINES);
}

static struct hf_bytes sealed_of(const struct golden *g)
{
    return hf_bytes_of(g->sealed, g->sealed_len);
}

static void check_golden(struct golden *g)
{
    struct hf_personal opened;
    struct hf_hash digest;
    struct hf_subject subject;
    uint8_t again[HF_PERSONAL_MAX];
    struct hf_err err = {0};
    struct hf_writer w = hf_writer_init(again, sizeof again);
    HF_CHECK_OK(hf_personal_open(&g->key, &g->place, sealed_of(g), &opened, &err), err);
    HF_CHECK(hf_bytes_eq(hf_secret_reveal(&opened.plain), hf_bytes_of(g->plain, g->plain_len)));
    HF_CHECK(opened.content.summary.len > 0);
    HF_CHECK_OK(hf_personal_seal(&g->key, &g->place, &opened.content, &w, &err), err);
    HF_CHECK(hf_bytes_eq(hf_writer_done(&w), sealed_of(g)));
    HF_CHECK(hf_personal_subject(sealed_of(g), &subject));
    HF_CHECK(hf_subject_eq(&subject, &g->key.subject));
    hf_subject_key_digest(&g->key, &digest);
    HF_CHECK_MEM(digest.b, g->digest.b, HF_HASH_SIZE);
    hf_personal_free(&opened);
    hf_personal_free(&opened); /* twice is fine */
}

/* Goal: what was sealed once opens for ever, and is sealed again to the same bytes. Method: lines
 * that another implementation made (tests/golden/personal.py). */
HF_TEST(golden)
{
    each_line(check_golden);
}

static void check_refused(struct golden *g)
{
    struct hf_personal opened;
    struct hf_personal_place other = {HF_STR("elsewhere"), g->place.approval};
    HF_CHECK_RC(hf_personal_open(&g->key, &other, sealed_of(g), &opened, NULL), HF_EBADSIG);
    other = (struct hf_personal_place){g->place.tenant, HF_STR("another")};
    HF_CHECK_RC(hf_personal_open(&g->key, &other, sealed_of(g), &opened, NULL), HF_EBADSIG);
    other.approval = HF_STR("a\nb");
    HF_CHECK_RC(hf_personal_open(&g->key, &other, sealed_of(g), &opened, NULL), HF_EINVAL);
    other.approval = HF_STR("");
    HF_CHECK_RC(hf_personal_open(&g->key, &other, sealed_of(g), &opened, NULL), HF_EINVAL);
    for (size_t len = 0; len < g->sealed_len; len += 1 + len / 8) {
        HF_CHECK_RC(
            hf_personal_open(&g->key, &g->place, hf_bytes_of(g->sealed, len), &opened, NULL),
            len < HF_SEALED_MIN ? HF_EINVAL : HF_EBADSIG);
    }
    for (size_t at = 0; at < g->sealed_len; at += 1 + at / 16) {
        enum hf_rc expected = at == 0                 ? HF_EINVAL
                              : at <= HF_SUBJECT_SIZE ? HF_EMISMATCH
                                                      : HF_EBADSIG;
        g->sealed[at] ^= 1;
        HF_CHECK_RC(hf_personal_open(&g->key, &g->place, sealed_of(g), &opened, NULL), expected);
        g->sealed[at] ^= 1;
    }
    hf_secret_fill(&g->key.key)[31] ^= 1;
    HF_CHECK_RC(hf_personal_open(&g->key, &g->place, sealed_of(g), &opened, NULL), HF_EBADSIG);
}

/* Goal: nothing opens that was changed, moved or sealed under another key. Method: the golden lines
 * with each of these done to them. */
HF_TEST(refused)
{
    each_line(check_refused);
}

static struct hf_subject_key key_of(uint8_t seed)
{
    struct hf_subject_key key = {.subject = {{seed}}};
    HF_ASSERT(hf_secret_alloc(HF_SEAL_KEY_SIZE, &key.key) == HF_OK);
    memset(hf_secret_fill(&key.key), seed, HF_SEAL_KEY_SIZE);
    return key;
}

static const struct hf_personal_place here = {{"acme", 4}, {"a-1", 3}};

/* Goal: a holder of the key who does not keep to the format is refused, not trusted. Method: sealed
 * bytes of plain texts that are no approval.personal. */
HF_TEST(malformed)
{
    static const struct hf_str plains[] = {
        {"", 0},
        {"\x80", 1},                      /* no summary */
        {"\x81\xa7summary\xa0", 10},      /* an empty one */
        {"\x81\xa7summary\xa1x\xc0", 12}, /* bytes behind the end */
        {"\x81\xa7summary\xd9\x01x", 12}, /* not canonical */
        {"\x81\xa7summary\xa1\xff", 11},  /* no UTF-8 */
    };

    const struct hf_str place = HF_STR("holdfast/personal/v1\nacme\na-1\n");
    struct hf_subject_key key = key_of(7);
    for (size_t i = 0; i < HF_LEN(plains); i++) {
        uint8_t sealed[HF_SEALED_MIN + 32] = {HF_SEALED_FORMAT, 7};
        struct hf_personal opened;
        hf_seal(hf_env_os(), &key.key, hf_str_bytes(plains[i]), hf_str_bytes(place), sealed + 17);
        HF_CHECK_RC(hf_personal_open(&key, &here,
                                     hf_bytes_of(sealed, HF_SEALED_MIN + plains[i].len), &opened,
                                     NULL),
                    HF_EINVAL);
    }
    hf_secret_free(&key.key);
}

/* Goal: the bounds of the content and of the writer hold. Method: a summary that is empty or too
 * long, a writer that is one byte too small. */
HF_TEST(bounds)
{
    static char text[513];
    struct hf_subject_key key = key_of(9);
    uint8_t out[HF_PERSONAL_MAX];
    struct hf_err err = {0};
    struct hf_approval_personal content = {.summary = HF_STR("")};
    struct hf_writer w = hf_writer_init(out, sizeof out);
    memset(text, 'x', sizeof text);
    HF_CHECK_RC(hf_personal_seal(&key, &here, &content, &w, &err), HF_EINVAL);
    content.summary = (struct hf_str){text, sizeof text};
    HF_CHECK_RC(hf_personal_seal(&key, &here, &content, &w, &err), HF_EINVAL);
    HF_CHECK_U64(w.len, 0);
    content.summary.len--;
    HF_CHECK_OK(hf_personal_seal(&key, &here, &content, &w, &err), err);
    struct hf_writer small = hf_writer_init(out, w.len - 1);
    HF_CHECK_OK(hf_personal_seal(&key, &here, &content, &small, &err), err);
    HF_CHECK(small.overflow);
    hf_secret_free(&key.key);
}

/* Goal: two texts, places or keys never share a nonce. Method: look at the bytes. */
HF_TEST(nonces)
{
    struct hf_subject_key keys[2] = {key_of(1), key_of(2)};
    struct hf_approval_personal contents[2] = {{.summary = HF_STR("a")}, {.summary = HF_STR("b")}};
    const struct hf_personal_place places[2] = {here, {HF_STR("acme"), HF_STR("a-2")}};
    uint8_t out[8][256];
    for (size_t i = 0; i < HF_LEN(out); i++) {
        struct hf_writer w = hf_writer_init(out[i], sizeof out[i]);
        HF_CHECK_RC(
            hf_personal_seal(&keys[i & 1], &places[i >> 1 & 1], &contents[i >> 2], &w, NULL),
            HF_OK);
        for (size_t n = 0; n < i; n++) {
            HF_CHECK(memcmp(out[i] + 17, out[n] + 17, HF_SEAL_NONCE_SIZE) != 0);
        }
    }
    hf_secret_free(&keys[0].key);
    hf_secret_free(&keys[1].key);
}

/* Goal: the member of an event takes what is sealed, and nothing else. Method: a request with it,
 * through bytes and back; and with bytes that are not sealed. */
HF_TEST(member)
{
    static const uint8_t hash[HF_HASH_SIZE] = {3};
    struct hf_subject_key key = key_of(5);
    uint8_t sealed[HF_PERSONAL_MAX];
    uint8_t payload[HF_PERSONAL_MAX];
    struct hf_err err = {0};
    struct hf_event_approval_requested back;
    const struct hf_approval_personal content = {.summary = HF_STR("Delete it all")};
    struct hf_writer w = hf_writer_init(sealed, sizeof sealed);
    struct hf_event_approval_requested event = {.approval = here.approval,
                                                .tenant = here.tenant,
                                                .tool = HF_STR("exec"),
                                                .facts = hf_bytes_of(hash, sizeof hash),
                                                .policy = HF_STR("p"),
                                                .action = hf_bytes_of(hash, sizeof hash),
                                                .has_personal = true};
    HF_CHECK_OK(hf_personal_seal(&key, &here, &content, &w, &err), err);
    event.personal = hf_writer_done(&w);
    struct hf_writer out = hf_writer_init(payload, sizeof payload);
    HF_CHECK_OK(hf_event_approval_requested_check(&event, &err), err);
    hf_event_approval_requested_encode(&event, &out);
    HF_CHECK_OK(hf_canonical_check_err(hf_writer_done(&out), &err), err);
    HF_CHECK_OK(hf_event_approval_requested_decode(hf_writer_done(&out), &back, &err), err);
    HF_CHECK(!back.has_summary && back.has_personal);
    HF_CHECK(hf_bytes_eq(back.personal, event.personal));
    sealed[0] = 2;
    HF_CHECK_RC(hf_event_approval_requested_check(&event, &err), HF_EINVAL);
    HF_CHECK_STR(hf_str_c(err.text), HF_STR("personal: needs sealed data of 57 to 12288 bytes"));
    hf_secret_free(&key.key);
}

/* Goal: a subject has one spelling. Method: there and back, and what is no spelling of one. */
HF_TEST(text)
{
    const struct hf_subject subject = {{0xab, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xff}};
    struct hf_subject back;
    char out[HF_SUBJECT_TEXT];
    hf_subject_text(&subject, out);
    HF_CHECK_STR(hf_str_c(out), HF_STR("ab0102030405060708090a0b0c0d0eff"));
    HF_CHECK(hf_subject_parse(hf_str_c(out), &back) && hf_subject_eq(&subject, &back));
    HF_CHECK(!hf_subject_parse(HF_STR("AB0102030405060708090a0b0c0d0eff"), &back));
    HF_CHECK(!hf_subject_parse(HF_STR("ab0102030405060708090a0b0c0d0ef"), &back));
    HF_CHECK(!hf_subject_parse(HF_STR("ab0102030405060708090a0b0c0d0efg"), &back));
    HF_CHECK(!hf_subject_parse(HF_STR(""), &back));
}

HF_TEST_MAIN(HF_TEST_CASE(golden), HF_TEST_CASE(refused), HF_TEST_CASE(malformed),
             HF_TEST_CASE(bounds), HF_TEST_CASE(nonces), HF_TEST_CASE(member), HF_TEST_CASE(text))
