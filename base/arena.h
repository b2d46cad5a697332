/* base/arena.h: memory of one request, freed as a whole, with a hard maximum.
 *
 * Overflow is sticky: after one allocation did not fit, all later ones return NULL too and
 * hf_arena_overflow says so; check once at the end and answer "too big". Allocations are aligned
 * to 16 bytes. One thread. With -Darena_malloc=true each allocation is a block of its own, so
 * that the address sanitizer sees overruns.
 */
#ifndef HF_BASE_ARENA_H
#define HF_BASE_ARENA_H

#include "base/bytes.h"

struct hf_arena_block;

struct hf_arena {
    /* private */
    struct hf_arena_block *blocks;
    size_t max;
    size_t used;
    bool overflow;
};

/* max: bytes it may hand out in all. */
void hf_arena_init(struct hf_arena *arena, size_t max);
/* Frees everything; the arena may be used again and its overflow is forgotten. */
void hf_arena_reset(struct hf_arena *arena);
/* Frees everything for good. */
void hf_arena_fini(struct hf_arena *arena);
/* Zeroed memory that lives until reset; NULL after overflow or without memory. */
void *hf_arena_alloc(struct hf_arena *arena, size_t count, size_t size);
/* Copies; on failure the slice is empty with ptr NULL. */
struct hf_str hf_arena_str(struct hf_arena *arena, struct hf_str s);
/* A NUL-terminated copy, for the edges of libraries. */
char *hf_arena_cstr(struct hf_arena *arena, struct hf_str s);
bool hf_arena_overflow(const struct hf_arena *arena);

#endif
