/* tests/unit/base/test_arena.c: memory of one request: limits, alignment, reset, no memory. */
#include "base/arena.h"

#include "base/env.h"
#include "base/heap.h"
#include "tests/harness/test.h"

#define ALIGN  16
#define PIECES 400

static bool fails_nth(void *arg)
{
    size_t *left = arg;
    return *left == 0 || (*left)-- > 1;
}

/* Random sizes: every piece is aligned, zeroed, and keeps its own bytes to the end (no two
 * overlap), across blocks and twice over a reset. */
HF_TEST(pieces)
{
    struct hf_env_sim env;
    hf_env_sim_init(&env, hf_test_seed());
    struct hf_arena arena;
    hf_arena_init(&arena, 4u << 20);
    for (int round = 0; round < 2; round++) {
        uint8_t *ptrs[PIECES];
        size_t sizes[PIECES];
        for (size_t i = 0; i < PIECES; i++) {
            uint16_t draw;
            hf_env_random(&env.env, &draw, sizeof draw);
            sizes[i] = i % 10 == 0 ? draw % 9000 : draw % 100; /* some larger than a block */
            ptrs[i] = hf_arena_alloc(&arena, sizes[i], 1);
            HF_CHECK(ptrs[i] != NULL && (uintptr_t)ptrs[i] % ALIGN == 0);
            for (size_t k = 0; k < sizes[i]; k++) {
                HF_CHECK_U64(ptrs[i][k], 0);
                ptrs[i][k] = (uint8_t)(i * 31 + 7);
            }
        }
        for (size_t i = 0; i < PIECES; i++) {
            for (size_t k = 0; k < sizes[i]; k++) {
                HF_CHECK_U64(ptrs[i][k], (uint8_t)(i * 31 + 7));
            }
        }
        HF_CHECK(!hf_arena_overflow(&arena));
        hf_arena_reset(&arena);
    }
    hf_arena_fini(&arena);
}

/* Exactly the maximum fits. What does not fit makes all that follows fail, even what would fit,
 * and reset forgets it. */
HF_TEST(sticky_overflow)
{
    struct hf_arena arena;
    hf_arena_init(&arena, 10 * ALIGN);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 9; i++) {
            HF_CHECK(hf_arena_alloc(&arena, 1, ALIGN) != NULL);
        }
        if (round % 2 == 0) {
            HF_CHECK(hf_arena_alloc(&arena, 1, 1) != NULL); /* the last one that fits */
            HF_CHECK(!hf_arena_overflow(&arena));
        }
        HF_CHECK(hf_arena_alloc(&arena, 1, ALIGN + 1) == NULL);
        HF_CHECK(hf_arena_overflow(&arena));
        HF_CHECK(hf_arena_alloc(&arena, 1, 1) == NULL);
        HF_CHECK(hf_arena_cstr(&arena, HF_STR("")) == NULL);
        struct hf_str s = hf_arena_str(&arena, HF_STR("x"));
        HF_CHECK(s.ptr == NULL && s.len == 0);
        hf_arena_reset(&arena);
        HF_CHECK(!hf_arena_overflow(&arena));
    }
    hf_arena_fini(&arena);
}

static bool refuses(void *arg)
{
    *(bool *)arg = true;
    return false;
}

/* Counts and sizes whose product, rounding or block does not fit a size_t are refused even by an
 * arena without a limit, and before the heap is asked: what would be asked for is a small block,
 * and the huge piece would be written past its end. */
HF_TEST(huge)
{
    static const struct {
        size_t count, size;
        bool asks;
    } rows[] = {
        {1, SIZE_MAX, false},           {SIZE_MAX, 1, false},
        {SIZE_MAX / 2 + 1, 2, false},   {SIZE_MAX, SIZE_MAX, false},
        {1, SIZE_MAX - 15, false},      {1, SIZE_MAX - 16, false},
        {1, SIZE_MAX - 31, false},      {1, SIZE_MAX - 47, false},
        {SIZE_MAX / 16, 16, false},     {SIZE_MAX / 16 - 1, 16, false},
        {SIZE_MAX / 16 - 2, 16, false}, {SIZE_MAX / 16 - 3, 16, true},
        {1, SIZE_MAX / 2, true},
    };

    for (size_t i = 0; i < HF_LEN(rows); i++) {
        struct hf_arena arena;
        bool asked = false;
        hf_arena_init(&arena, SIZE_MAX);
        HF_CHECK(hf_arena_alloc(&arena, 1, 1) != NULL);
        hf_heap_gate(refuses, &asked);
        const void *piece = hf_arena_alloc(&arena, rows[i].count, rows[i].size);
        hf_heap_gate(NULL, NULL);
        HF_CHECK(piece == NULL && hf_arena_overflow(&arena));
        HF_CHECK(asked == rows[i].asks);
        hf_arena_fini(&arena);
    }
}

/* Pieces of no bytes are pieces of their own; an arena of no bytes gives none. */
HF_TEST(empty)
{
    struct hf_arena arena;
    hf_arena_init(&arena, 64);
    void *a = hf_arena_alloc(&arena, 0, 8), *b = hf_arena_alloc(&arena, 8, 0);
    HF_CHECK(a != NULL && b != NULL && a != b);
    hf_arena_fini(&arena);
    hf_arena_init(&arena, 0);
    HF_CHECK(hf_arena_alloc(&arena, 0, 0) == NULL && hf_arena_overflow(&arena));
    hf_arena_fini(&arena);
}

/* Copies hold the bytes with a NUL behind them, also of empty text and of text with NULs. */
HF_TEST(strings)
{
    const struct hf_str rows[] = {
        {NULL, 0}, HF_STR(""), HF_STR("a\0b"), HF_STR("sixteen bytes ok")};
    struct hf_arena arena;
    hf_arena_init(&arena, 4096);
    for (size_t i = 0; i < HF_LEN(rows); i++) {
        struct hf_str s = hf_arena_str(&arena, rows[i]);
        HF_CHECK_STR(s, rows[i]);
        HF_CHECK(s.ptr != NULL && s.ptr != rows[i].ptr && s.ptr[s.len] == '\0');
        const char *c = hf_arena_cstr(&arena, rows[i]);
        HF_CHECK(c != NULL && c[rows[i].len] == '\0');
    }
    hf_arena_fini(&arena);
}

/* Whichever block cannot be had, that piece and all after it are NULL, and the arena says so;
 * what came before stays usable. */
HF_TEST(no_memory)
{
    for (size_t n = 1;; n++) {
        size_t left = n, given = 0;
        uint8_t *ptrs[10];
        struct hf_arena arena;
        hf_arena_init(&arena, 1u << 20);
        hf_heap_gate(fails_nth, &left);
        for (size_t i = 0; i < HF_LEN(ptrs); i++) {
            ptrs[i] = hf_arena_alloc(&arena, 3, 1000);
            given += ptrs[i] != NULL;
        }
        hf_heap_gate(NULL, NULL);
        bool overflow = hf_arena_overflow(&arena);
        for (size_t i = 0; i < HF_LEN(ptrs); i++) {
            HF_CHECK((ptrs[i] != NULL) == (i < given));
            if (ptrs[i] != NULL) {
                memset(ptrs[i], 0xAA, 3000);
            }
        }
        hf_arena_fini(&arena);
        if (left > 0) {
            HF_CHECK(n > HF_LEN(ptrs) && !overflow && given == HF_LEN(ptrs));
            return;
        }
        HF_CHECK(overflow && given == n - 1);
    }
}

HF_TEST_MAIN(HF_TEST_CASE(pieces), HF_TEST_CASE(sticky_overflow), HF_TEST_CASE(huge),
             HF_TEST_CASE(empty), HF_TEST_CASE(strings), HF_TEST_CASE(no_memory))
