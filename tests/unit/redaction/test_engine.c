/* tests/unit/redaction/test_engine.c: the engine finds every anchor once, where it ends. */
#include "wrapper/redaction/engine.h"

#include "base/env.h"
#include "base/heap.h"
#include "tests/harness/fault.h"
#include "tests/harness/test.h"

#define NEEDLES_MAX 40
#define TEXT_MAX    4000

/* Needles over few characters, so that texts of them are full of anchors and of what nearly is
 * one: bytes of 8 to 20, some the front of others, and patterns of every kind that shapes have. */
struct world {
    struct hf_env_sim sim;
    struct hf_needle needles[NEEDLES_MAX];
    size_t count;
    uint8_t bytes[NEEDLES_MAX][20];
    struct hf_pattern patterns[NEEDLES_MAX];
    uint8_t text[TEXT_MAX];
    size_t len;
    uint8_t expected[NEEDLES_MAX][TEXT_MAX + 1]; /* hits of each needle that end here */
    uint8_t found[NEEDLES_MAX][TEXT_MAX + 1];
};

static size_t draw(struct world *world, size_t below)
{
    uint32_t value;
    hf_env_random(&world->sim.env, &value, sizeof value);
    return value % below;
}

static const char few[] = "ab.s-u1c";

static void make_needles(struct world *world)
{
    static const char *const texts[] = {
        "abca[abc]{9}",        "s\\.[abc]{9}",  "[ab]c[abc]{9}", "[abc]{12}-us\\d",
        "\\d[sb][uc][abs]{4}", "cab[abc]{1,4}", "1u1-",          "[sc]a-[bu]{3}"};
    size_t bytes = draw(world, NEEDLES_MAX - HF_LEN(texts)), patterns = draw(world, 9);
    world->count = 0;
    for (size_t i = 0; i < bytes; i++) {
        uint8_t *at = world->bytes[i];
        for (size_t k = 0; k < 20; k++) {
            at[k] = (uint8_t)few[draw(world, 3 + i % 6)];
        }
        if (i > 0 && draw(world, 3) == 0) {
            memcpy(at, world->bytes[draw(world, i)], 7 + draw(world, 8));
        }
        size_t len = draw(world, 2) == 0 ? 16 : 8 + draw(world, 13);
        world->needles[world->count++] = (struct hf_needle){.bytes = hf_bytes_of(at, len)};
    }
    for (size_t i = 0; i < patterns && i < HF_LEN(texts); i++) {
        hf_pattern_read(texts[i], &world->patterns[i]);
        world->needles[world->count++] = (struct hf_needle){.pattern = &world->patterns[i]};
    }
}

static void make_text(struct world *world)
{
    size_t len = draw(world, 4) == 0 ? draw(world, TEXT_MAX) : draw(world, 400);
    world->len = 0;
    while (world->len < len) {
        size_t which = draw(world, 2 * world->count + 1);
        if (which < world->count && world->needles[which].pattern == NULL) {
            struct hf_bytes bytes = world->needles[which].bytes;
            size_t most = draw(world, 4) == 0 ? draw(world, bytes.len) : bytes.len;
            most = most < len - world->len ? most : len - world->len;
            memcpy(world->text + world->len, bytes.ptr, most);
            world->len += most;
        } else {
            world->text[world->len++] = (uint8_t)few[draw(world, sizeof few - 1)];
        }
    }
    memset(world->expected, 0, sizeof world->expected);
    memset(world->found, 0, sizeof world->found);
    for (size_t i = 0; i < world->count; i++) {
        size_t width = hf_needle_width(&world->needles[i]);
        for (size_t at = 0; at + width <= world->len; at++) {
            world->expected[i][at + width] = hf_needle_is_at(&world->needles[i], world->text + at);
        }
    }
}

static enum hf_rc note(void *arg, const struct hf_hit *hit)
{
    struct world *world = arg;
    HF_ASSERT(hit->needle < world->count && hit->end <= world->len);
    world->found[hit->needle][hit->end]++;
    return HF_OK;
}

/* The text in pieces, each a block of its own, so that a sanitizer sees what is read behind it. */
static void scan(struct world *world, struct hf_scanner *scanner, size_t most)
{
    size_t at = 0;
    while (at < world->len) {
        size_t len = 1 + draw(world, most);
        len = len < world->len - at ? len : world->len - at;
        uint8_t *piece = hf_heap_copy(world->text + at, len);
        HF_ASSERT(piece != NULL);
        HF_ASSERT(hf_scanner_feed(scanner, hf_bytes_of(piece, len), note, world) == HF_OK);
        hf_heap_free(piece);
        at += len;
    }
    hf_scanner_reset(scanner);
}

/* 400 sets of needles, each with five texts, in pieces of up to 3, 60, 700 and 5,000 bytes: what is
 * found is what comparing at every position finds, each once. */
HF_TEST(exact)
{
    static struct world world;
    static const size_t most[] = {3, 60, 700, 5000};
    hf_env_sim_init(&world.sim, hf_test_seed());
    size_t hits = 0;
    for (size_t round = 0; round < 400; round++) {
        make_needles(&world);
        struct hf_engine *engine;
        struct hf_scanner *scanner;
        if (world.count == 0) {
            continue;
        }
        HF_CHECK_RC(hf_engine_new(world.needles, world.count, &engine), HF_OK);
        HF_CHECK_RC(hf_scanner_new(engine, &scanner), HF_OK);
        for (size_t i = 0; i < 5; i++) {
            make_text(&world);
            scan(&world, scanner, most[(round + i) % HF_LEN(most)]);
            HF_CHECK(memcmp(world.found, world.expected, sizeof world.found) == 0);
            for (size_t end = 0; end <= world.len; end++) {
                hits += world.found[0][end];
            }
        }
        hf_scanner_free(scanner);
        hf_engine_free(engine);
    }
    HF_CHECK(hits > 1000);
}

static enum hf_rc refuse(void *arg, const struct hf_hit *hit)
{
    (void)hit;
    ++*(size_t *)arg;
    return HF_ENOSPC;
}

/* What the callback answers ends the scan. */
HF_TEST(refused)
{
    struct hf_needle needle = {.bytes = HF_BYTES("abcabcabcabcabca")};
    struct hf_engine *engine;
    struct hf_scanner *scanner;
    size_t calls = 0;
    HF_CHECK_RC(hf_engine_new(&needle, 1, &engine), HF_OK);
    HF_CHECK_RC(hf_scanner_new(engine, &scanner), HF_OK);
    struct hf_bytes text = HF_BYTES("abcabcabcabcabcabcabcabc");
    HF_CHECK_RC(hf_scanner_feed(scanner, text, refuse, &calls), HF_ENOSPC);
    HF_CHECK_U64(calls, 1);
    hf_scanner_free(scanner);
    hf_engine_free(engine);
}

HF_TEST_MAIN(HF_TEST_CASE(exact), HF_TEST_CASE(refused))
