/* base/arena.c: blocks of memory that go together. */
#include "base/arena.h"

#include <stdalign.h>

#include "base/heap.h"

#define ALIGN 16
#ifdef HF_ARENA_MALLOC
#define BLOCK 0 /* every allocation gets a block of its own */
#else
#define BLOCK 4096
#endif

struct hf_arena_block {
    struct hf_arena_block *next;
    size_t cap;
    size_t used;
    alignas(ALIGN) uint8_t bytes[];
};

void hf_arena_init(struct hf_arena *arena, size_t max)
{
    *arena = (struct hf_arena){.max = max};
}

void hf_arena_reset(struct hf_arena *arena)
{
    while (arena->blocks != NULL) {
        struct hf_arena_block *block = arena->blocks;
        arena->blocks = block->next;
        hf_heap_free(block);
    }
    arena->used = 0;
    arena->overflow = false;
}

void hf_arena_fini(struct hf_arena *arena)
{
    hf_arena_reset(arena);
}

static struct hf_arena_block *add_block(struct hf_arena *arena, size_t need)
{
    size_t cap = need > BLOCK ? need : BLOCK;
    struct hf_arena_block *block = hf_heap_zalloc(1, sizeof *block + cap);
    if (block != NULL) {
        block->cap = cap;
        block->next = arena->blocks;
        arena->blocks = block;
    }
    return block;
}

void *hf_arena_alloc(struct hf_arena *arena, size_t count, size_t size)
{
    size_t need = 0;
    /* Rounding up and the block's head must fit too, or a huge piece would get a tiny block. */
    bool too_big = __builtin_mul_overflow(count, size, &need) ||
                   need > SIZE_MAX - ALIGN - sizeof(struct hf_arena_block);
    need = too_big ? 0 : (need + ALIGN - 1) / ALIGN * ALIGN;
    need = need == 0 ? ALIGN : need;
    if (arena->overflow || too_big || need > arena->max - arena->used) {
        arena->overflow = true;
        return NULL;
    }
    struct hf_arena_block *block = arena->blocks;
    if (block == NULL || block->cap - block->used < need) {
        block = add_block(arena, need);
    }
    if (block == NULL) {
        arena->overflow = true;
        return NULL;
    }
    void *ptr = block->bytes + block->used;
    block->used += need;
    arena->used += need;
    return ptr;
}

struct hf_str hf_arena_str(struct hf_arena *arena, struct hf_str s)
{
    char *copy = hf_arena_cstr(arena, s);
    return (struct hf_str){copy, copy == NULL ? 0 : s.len};
}

char *hf_arena_cstr(struct hf_arena *arena, struct hf_str s)
{
    char *copy = hf_arena_alloc(arena, 1, s.len + 1);
    if (copy != NULL && s.len > 0) {
        memcpy(copy, s.ptr, s.len);
    }
    return copy;
}

bool hf_arena_overflow(const struct hf_arena *arena)
{
    return arena->overflow;
}
