/* wrapper/redaction/literals.c: all spellings of all registered secrets. */
#include "wrapper/redaction/literals.h"

#include <stdlib.h>

#include "base/heap.h"
#include "wrapper/redaction/encodings.h"

struct gathering {
    struct hf_literals *literals;
    uint32_t known;
    size_t count; /* of all spellings, and their bytes */
    size_t bytes;
};

static enum hf_rc count_spelling(void *arg, const char *name, struct hf_bytes spelling)
{
    (void)name;
    struct gathering *g = arg;
    g->count++;
    g->bytes += spelling.len;
    return HF_OK;
}

static enum hf_rc keep_spelling(void *arg, const char *name, struct hf_bytes spelling)
{
    (void)name;
    struct gathering *g = arg;
    uint8_t *at = hf_secret_fill(&g->literals->pool) + g->bytes;
    memcpy(at, spelling.ptr, spelling.len);
    g->literals->items[g->count++] = (struct hf_literal){hf_bytes_of(at, spelling.len), g->known};
    g->bytes += spelling.len;
    return HF_OK;
}

static enum hf_rc each_spelling(const struct hf_known *known, size_t known_count,
                                hf_spelling_fn *fn, struct gathering *g)
{
    enum hf_rc rc = HF_OK;
    for (size_t i = 0; rc == HF_OK && i < known_count; i++) {
        g->known = (uint32_t)i;
        rc = hf_spellings(hf_secret_reveal(&known[i].value), fn, g);
    }
    return rc;
}

static int by_bytes(const void *a, const void *b)
{
    const struct hf_literal *x = a, *y = b;
    int order = hf_bytes_cmp(x->bytes, y->bytes);
    return order != 0 ? order : (x->known > y->known) - (x->known < y->known);
}

/* Most spellings of most secrets are the same bytes: what remains is moved together. */
static enum hf_rc make_compact(struct hf_literals *literals)
{
    size_t count = 0, bytes = 0;
    for (size_t i = 0; i < literals->count; i++) {
        if (count == 0 ||
            !hf_bytes_eq(literals->items[count - 1].bytes, literals->items[i].bytes)) {
            literals->items[count++] = literals->items[i];
            bytes += literals->items[i].bytes.len;
        }
    }
    struct hf_secret pool;
    if (hf_secret_alloc(bytes, &pool) != HF_OK) {
        return HF_ENOMEM;
    }
    uint8_t *at = hf_secret_fill(&pool);
    for (size_t i = 0; i < count; i++) {
        struct hf_bytes *literal = &literals->items[i].bytes;
        memcpy(at, literal->ptr, literal->len);
        literal->ptr = at;
        at += literal->len;
    }
    literals->count = count;
    hf_secret_free(&literals->pool);
    literals->pool = pool;
    return HF_OK;
}

enum hf_rc hf_literals_gather(const struct hf_known *known, size_t known_count,
                              struct hf_literals *literals)
{
    struct gathering g = {.literals = literals};
    enum hf_rc rc = each_spelling(known, known_count, count_spelling, &g);
    rc = rc == HF_OK ? hf_secret_alloc(g.bytes, &literals->pool) : rc;
    if (rc != HF_OK) {
        return rc;
    }
    literals->items = hf_heap_zalloc(g.count + 1, sizeof *literals->items);
    if (literals->items == NULL) {
        return HF_ENOMEM;
    }
    literals->count = g.count;
    g.count = 0;
    g.bytes = 0;
    rc = each_spelling(known, known_count, keep_spelling, &g);
    if (rc != HF_OK) {
        return rc;
    }
    qsort(literals->items, literals->count, sizeof *literals->items, by_bytes);
    return make_compact(literals);
}

void hf_literals_free(struct hf_literals *literals)
{
    hf_heap_free(literals->items);
    hf_secret_free(&literals->pool);
    *literals = (struct hf_literals){0};
}
