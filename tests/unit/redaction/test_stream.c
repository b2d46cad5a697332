/* tests/unit/redaction/test_stream.c: text goes through, secrets do not, however it is divided. */
#include "wrapper/redaction/redaction.h"

#include "base/env.h"
#include "tests/harness/fault.h"
#include "tests/harness/test.h"
#include "tests/unit/redaction/compose.h"

/* 1,500 composed texts, each whole, byte by byte, and in random pieces twice: the output is the
 * same, and no registered secret is in it in any spelling. */
HF_TEST(divided)
{
    struct hf_redactor *redactor = compose_redactor(false);
    struct hf_env_sim sim;
    hf_env_sim_init(&sim, hf_test_seed());
    uint64_t state = hf_test_seed();
    struct hf_err err;
    struct hf_redaction_counts sum = {0};
    for (size_t round = 0; round < 1500; round++) {
        uint8_t recipe[60];
        hf_env_random(&sim.env, recipe, sizeof recipe);
        struct hf_buf text = hf_buf_init(COMPOSE_MAX), whole = hf_buf_init(COMPOSE_MAX);
        compose(hf_bytes_of(recipe, 1 + recipe[0] % sizeof recipe), &text);
        struct hf_bytes bytes = hf_buf_bytes(&text);
        HF_CHECK_OK(compose_redact(redactor, bytes, bytes.len + 1, NULL, &whole, &sum, &err), err);
        for (size_t way = 0; way < 3; way++) {
            struct hf_buf out = hf_buf_init(COMPOSE_MAX);
            static const size_t most[] = {1, 17, 500};
            HF_CHECK_OK(compose_redact(redactor, bytes, most[way], &state, &out, NULL, &err), err);
            HF_CHECK_STR(hf_bytes_str(hf_buf_bytes(&out)), hf_bytes_str(hf_buf_bytes(&whole)));
            hf_buf_free(&out);
        }
        const char *leak = compose_leak(hf_buf_bytes(&whole));
        HF_CHECK_STR(hf_str_c(leak == NULL ? "" : leak), HF_STR(""));
        hf_buf_free(&text);
        hf_buf_free(&whole);
    }
    HF_CHECK_U64(sum.texts, 1500);
    HF_CHECK(sum.matches[HF_REDACTION_KNOWN] > 1000 && sum.matches[HF_REDACTION_TOKEN] > 1000);
    HF_CHECK(sum.candidates > sum.refused && sum.refused > 100);
    hf_redactor_free(redactor);
}

struct world {
    struct hf_redactor *redactor;
    struct hf_redaction_stream *stream;
};

static enum hf_rc drop(void *arg, struct hf_bytes bytes)
{
    (void)arg;
    (void)bytes;
    return HF_OK;
}

static struct world open_world(struct hf_redactor *redactor)
{
    struct world world = {.redactor = redactor};
    struct hf_redaction_sink sink = {.emit = drop};
    struct hf_err err;
    HF_ASSERT(hf_redaction_stream_open(world.redactor, &sink, &world.stream, &err) == HF_OK);
    return world;
}

static void close_world(struct world *world)
{
    hf_redaction_stream_close(world->stream);
    hf_redactor_free(world->redactor);
}

static size_t held_after(struct world *world, const char *text)
{
    struct hf_err err;
    hf_redaction_reset(world->stream);
    HF_ASSERT(hf_redaction_feed(world->stream, hf_str_bytes(hf_str_c(text)), &err) == HF_OK);
    return hf_redaction_held(world->stream);
}

/* Only what may become a match is held, from where it begins, and no longer than it may. */
HF_TEST(holds_back)
{
    struct world world = open_world(compose_no_secrets());
    HF_CHECK_U64(held_after(&world, "hello, world!"), 0);
    HF_CHECK_U64(held_after(&world, "hello, you"), 0);
    HF_CHECK_U64(held_after(&world, "key: gh"), 2);
    HF_CHECK_U64(held_after(&world, "key: ghp_0123"), 8);
    HF_CHECK_U64(held_after(&world, "key: ghp_0123 "), 0);
    HF_CHECK_U64(held_after(&world, "-----BEGIN PRIVATE KEY-----\nMIIEvQ"), 34);
    HF_CHECK_U64(held_after(&world, "-----BEGIN CERTIFICATE-----\nMIIEvQ"), 0);
    HF_CHECK_U64(held_after(&world, "-----BEGIN PRIVATE KEY----- is how it begins, they say!"), 0);
    close_world(&world);
    world = open_world(compose_redactor(true));
    HF_CHECK_U64(held_after(&world, "a correct hor"), 11);
    HF_CHECK_U64(held_after(&world, "a correct hor."), 0);
    HF_CHECK_U64(held_after(&world, "key: ghp_0123"), 4); /* how another one begins */
    close_world(&world);
}

/* A private key that never ends: what is held stays within its bound, and nothing of it comes
 * out. */
HF_TEST(bounded)
{
    struct world world = open_world(compose_no_secrets());
    struct hf_err err;
    char line[65] = {0};
    uint64_t state = hf_test_seed();
    HF_CHECK_OK(
        hf_redaction_feed(world.stream, HF_BYTES("-----BEGIN RSA PRIVATE KEY-----\n"), &err), err);
    for (size_t i = 0; i < 4000; i++) {
        for (size_t k = 0; k < 64; k++) {
            state = state * UINT64_C(6364136223846793005) + 1;
            line[k] = (char)('A' + (state >> 33) % 26);
        }
        HF_CHECK_OK(hf_redaction_feed(world.stream, hf_bytes_of(line, 64), &err), err);
        HF_CHECK(hf_redaction_held(world.stream) <= HF_REDACTION_HELD_MAX);
    }
    HF_CHECK_OK(hf_redaction_end(world.stream, &err), err);
    const struct hf_redaction_counts *counts = hf_redaction_counts(world.stream);
    HF_CHECK(counts->held_bytes_max > 50000 && counts->held_bytes_max <= HF_REDACTION_HELD_MAX);
    HF_CHECK_U64(counts->matches[HF_REDACTION_TOKEN], 1);
    close_world(&world);
}

static enum hf_rc refuse(void *arg, struct hf_bytes bytes)
{
    (void)arg;
    (void)bytes;
    return HF_EIO;
}

/* Who takes the output fails: the stream fails with it, stays so, and is whole again after a
 * reset. */
HF_TEST(fails_closed)
{
    struct hf_redactor *redactor = compose_redactor(false);
    struct hf_redaction_sink sink = {.emit = refuse};
    struct hf_redaction_stream *stream;
    struct hf_err err;
    HF_CHECK_OK(hf_redaction_stream_open(redactor, &sink, &stream, &err), err);
    HF_CHECK_RC(hf_redaction_feed(stream, HF_BYTES("some text, "), &err), HF_EIO);
    HF_CHECK_RC(hf_redaction_feed(stream, HF_BYTES("more"), &err), HF_EIO);
    HF_CHECK_RC(hf_redaction_end(stream, &err), HF_EIO);
    HF_CHECK_U64(hf_redaction_counts(stream)->failures, 1);
    hf_redaction_reset(stream);
    HF_CHECK_OK(hf_redaction_end(stream, &err), err);
    hf_redaction_stream_close(stream);
    hf_redactor_free(redactor);
}

struct seen {
    size_t count;
    struct hf_redaction_span spans[4];
};

static enum hf_rc note(void *arg, const struct hf_redaction_span *span)
{
    struct seen *seen = arg;
    if (seen->count < HF_LEN(seen->spans)) {
        seen->spans[seen->count] = *span;
    }
    seen->count++;
    return HF_OK;
}

/* Spans say where, in the input's positions, and what; a scan finds the same and emits nothing. */
HF_TEST(spans)
{
    struct hf_redactor *redactor = compose_redactor(false);
    struct seen seen = {0};
    struct hf_redaction_sink sink = {.found = note, .arg = &seen};
    struct hf_err err;
    uint64_t found;
    HF_CHECK_OK(
        hf_redaction_scan(redactor, HF_BYTES("x 0123abcd and 0123abcd."), &sink, &found, &err),
        err);
    HF_CHECK_U64(found, 2);
    HF_CHECK_U64(seen.count, 2);
    HF_CHECK_U64(seen.spans[0].at, 2);
    HF_CHECK_U64(seen.spans[1].at, 15);
    HF_CHECK_U64(seen.spans[1].len, 8);
    HF_CHECK_U64(seen.spans[1].layer, HF_REDACTION_KNOWN);
    HF_CHECK_STR(seen.spans[1].name, HF_STR("s2"));
    hf_redactor_free(redactor);
}

/* The n-th allocation fails, for every n: making a redactor, and a text through it, end with
 * HF_ENOMEM, emit nothing of what came after, and leak nothing. */
HF_TEST(no_memory)
{
    struct hf_redactor *redactor = compose_redactor(false);
    struct hf_err err;
    uint8_t recipe[40];
    for (size_t i = 0; i < sizeof recipe; i++) {
        recipe[i] = (const uint8_t[]){210, (uint8_t)i, 1, 7, 10}[i % 5]; /* tokens, and spaces */
    }
    struct hf_buf text = hf_buf_init(COMPOSE_MAX);
    compose(hf_bytes_of(recipe, sizeof recipe), &text);
    for (uint64_t n = 1;; n++) {
        struct hf_redaction_counts counts = {0};
        struct hf_redaction_sink sink = {0};
        hf_sweep_begin(HF_SWEEP_ALLOC, n, 0);
        enum hf_rc rc = hf_redact(redactor, hf_buf_bytes(&text), &sink, &counts, &err);
        bool hit = hf_sweep_end() >= n;
        HF_CHECK_RC(rc, hit ? HF_ENOMEM : HF_OK);
        if (!hit) {
            HF_CHECK(n > 4 && counts.matches[HF_REDACTION_TOKEN] > 0);
            break;
        }
    }
    hf_buf_free(&text);
    hf_redactor_free(redactor);
}

HF_TEST_MAIN(HF_TEST_CASE(divided), HF_TEST_CASE(holds_back), HF_TEST_CASE(bounded),
             HF_TEST_CASE(fails_closed), HF_TEST_CASE(spans), HF_TEST_CASE(no_memory))
