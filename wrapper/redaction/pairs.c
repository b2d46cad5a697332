/* wrapper/redaction/pairs.c: chooses quads and groups them. */
#include "wrapper/redaction/pairs.h"

#include "base/assert.h"
#include "base/heap.h"

/* -- how often bytes are met: in thousandths, of what goes through an agent, roughly -- */

static uint64_t share_of(unsigned byte)
{
    if (byte >= 'a' && byte <= 'z') {
        return strchr("jqxz", (int)byte) != NULL       ? 3
               : strchr("etaoinsr", (int)byte) != NULL ? 60
                                                       : 25;
    }
    if (byte >= '0' && byte <= '9') {
        return 20;
    }
    if (byte >= 'A' && byte <= 'Z') {
        return 5;
    }
    if (byte == ' ' || byte == '"') {
        return 80;
    }
    return byte != 0 && strchr("-_./:,=\\\n{}[]()", (int)byte) != NULL ? 15 : 1;
}

static uint64_t share(const struct hf_byte_set *set)
{
    uint64_t sum = 0;
    for (unsigned byte = 0; byte < 256; byte++) {
        sum += hf_byte_set_has(set, (uint8_t)byte) ? share_of(byte) : 0;
    }
    return sum < 1000 ? sum : 1000;
}

/* -- quads -- */

/* What the byte at a position of the anchor can be; before its begin, anything. */
static struct hf_byte_set set_at(const struct hf_needle *needle, int32_t at)
{
    if (at < 0) {
        return (struct hf_byte_set){{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};
    }
    return needle->pattern->anchor[at];
}

/* The rarest of the quads that begin at `from`, and 2, 4 ... bytes after. */
static int32_t choose(const struct hf_needle *needle, int32_t from)
{
    uint64_t least = UINT64_MAX;
    int32_t best = from;
    for (int32_t at = from; at + HF_QUAD <= (int32_t)needle->pattern->anchor_len; at += 2) {
        uint64_t product = 1;
        for (int32_t i = at; i < at + HF_QUAD; i++) {
            struct hf_byte_set set = set_at(needle, i);
            product *= share(&set);
        }
        if (product < least) {
            least = product;
            best = at;
        }
    }
    return best;
}

/* -- groups -- */

struct grouping {
    struct hf_pairs *pairs;
    const struct hf_needle *needles;
    struct hf_quad *quads;
    uint64_t *products; /* of the shares of each one's bytes */
    uint8_t *groups;    /* of each */
    size_t count;
    uint64_t shares[2][HF_PAIR_GROUPS]; /* of their first pairs, and of their second ones */
};

typedef void pair_fn(struct grouping *g, size_t pair, uint64_t share, void *arg);

/* Every pair that the first half of a quad can be, or the second. */
static void each_pair(struct grouping *g, const struct hf_quad *quad, int half, pair_fn *fn,
                      void *arg)
{
    struct hf_byte_set a = set_at(&g->needles[quad->needle], quad->offset + 2 * half);
    struct hf_byte_set b = set_at(&g->needles[quad->needle], quad->offset + 2 * half + 1);
    for (unsigned i = 0; i < 256; i++) {
        for (unsigned k = 0; hf_byte_set_has(&a, (uint8_t)i) && k < 256; k++) {
            if (hf_byte_set_has(&b, (uint8_t)k)) {
                uint8_t pair[2] = {(uint8_t)i, (uint8_t)k};
                fn(g, hf_pair_at(pair), share_of(i) * share_of(k), arg);
            }
        }
    }
}

struct growth {
    int half;
    uint64_t shares[HF_PAIR_GROUPS];
};

/* How much each group's share grows when it gets this pair. */
static void add_growth(struct grouping *g, size_t pair, uint64_t share, void *arg)
{
    struct growth *growth = arg;
    unsigned in = growth->half == 0 ? g->pairs->even[pair] : g->pairs->odd[pair];
    for (unsigned group = 0; group < HF_PAIR_GROUPS; group++) {
        growth->shares[group] += (in >> group & 1) == 0 ? share : 0;
    }
}

struct entry {
    int half;
    unsigned group;
};

static void add_pair(struct grouping *g, size_t pair, uint64_t share, void *arg)
{
    (void)share;
    const struct entry *entry = arg;
    uint16_t straight = (uint16_t)(1U << entry->group);
    uint16_t cross = (uint16_t)(straight << HF_PAIR_GROUPS);
    g->pairs->even[pair] |= entry->half == 0 ? straight : cross;
    g->pairs->odd[pair] |= entry->half == 0 ? cross : straight;
}

/* The quad goes where it makes the chance least that two unrelated pairs of a text name the group:
 * in company that looks like it. */
static void put_quad(struct grouping *g, size_t which)
{
    struct hf_quad quad = g->quads[which];
    struct growth growth[2] = {{.half = 0}, {.half = 1}};
    uint64_t least = UINT64_MAX;
    unsigned best = 0;
    for (int half = 0; half < 2; half++) {
        each_pair(g, &quad, half, add_growth, &growth[half]);
    }
    for (unsigned group = 0; group < HF_PAIR_GROUPS; group++) {
        uint64_t first = g->shares[0][group], more_first = growth[0].shares[group];
        uint64_t second = g->shares[1][group], more_second = growth[1].shares[group];
        uint64_t more = (first + more_first) * (second + more_second) - first * second;
        if (more < least) {
            least = more;
            best = group;
        }
    }
    for (int half = 0; half < 2; half++) {
        struct entry entry = {half, best};
        g->shares[half][best] += growth[half].shares[best];
        each_pair(g, &quad, half, add_pair, &entry);
    }
    g->groups[which] = (uint8_t)best;
}

/* The frequent ones come first: they then have the groups to themselves that they need. */
static void list_quad(struct grouping *g, const struct hf_quad *quad, uint64_t product)
{
    size_t to = g->count++;
    for (; to > 0 && g->products[to - 1] < product; to--) {
        g->products[to] = g->products[to - 1];
        g->quads[to] = g->quads[to - 1];
    }
    g->products[to] = product;
    g->quads[to] = *quad;
}

/* The rarest of its quads for each of the two ways. */
static void list_needle(struct grouping *g, uint32_t which)
{
    for (int32_t from = -1; from <= 0; from++) {
        uint64_t product = 1;
        struct hf_quad quad = {.needle = which, .offset = choose(&g->needles[which], from)};
        uint8_t value[HF_QUAD] = {0}, mask[HF_QUAD] = {0};
        for (int32_t i = 0; i < HF_QUAD; i++) {
            struct hf_byte_set set = set_at(&g->needles[which], quad.offset + i);
            for (unsigned byte = 0; hf_byte_set_size(&set) == 1 && byte < 256; byte++) {
                if (hf_byte_set_has(&set, (uint8_t)byte)) {
                    value[i] = (uint8_t)byte;
                    mask[i] = 255;
                }
            }
            product *= share(&set);
        }
        memcpy(&quad.value, value, sizeof quad.value);
        memcpy(&quad.mask, mask, sizeof quad.mask);
        list_quad(g, &quad, product);
    }
}

static void list_quads(struct grouping *g)
{
    struct hf_pairs *pairs = g->pairs;
    for (unsigned group = 0; group < HF_PAIR_GROUPS; group++) {
        pairs->begins[group] = (uint32_t)pairs->count;
        for (size_t i = 0; i < g->count; i++) {
            if (g->groups[i] == group) {
                pairs->quads[pairs->count++] = g->quads[i];
            }
        }
    }
    pairs->begins[HF_PAIR_GROUPS] = (uint32_t)pairs->count;
}

enum hf_rc hf_pairs_build(const struct hf_needle *needles, size_t count, struct hf_pairs *pairs)
{
    *pairs = (struct hf_pairs){0};
    size_t quads = 0;
    for (size_t i = 0; i < count; i++) {
        quads += needles[i].pattern == NULL ? 0 : 2;
    }
    if (quads == 0) {
        return HF_OK;
    }
    pairs->quads = hf_heap_zalloc(quads, sizeof *pairs->quads);
    pairs->even = hf_heap_zalloc(65536, sizeof *pairs->even);
    pairs->odd = hf_heap_zalloc(65536, sizeof *pairs->odd);
    struct grouping g = {.pairs = pairs,
                         .needles = needles,
                         .quads = hf_heap_zalloc(quads, sizeof *g.quads),
                         .products = hf_heap_zalloc(quads, sizeof *g.products),
                         .groups = hf_heap_zalloc(quads, 1)};
    bool good = pairs->quads != NULL && pairs->even != NULL && pairs->odd != NULL &&
                g.quads != NULL && g.products != NULL && g.groups != NULL;
    for (size_t i = 0; good && i < count; i++) {
        if (needles[i].pattern != NULL) {
            HF_ASSERT(needles[i].pattern->anchor_len >= HF_NEEDLE_SETS_MIN);
            list_needle(&g, (uint32_t)i);
        }
    }
    if (good) {
        for (size_t i = 0; i < g.count; i++) {
            put_quad(&g, i);
        }
        list_quads(&g);
    }
    hf_heap_free(g.quads);
    hf_heap_free(g.products);
    hf_heap_free(g.groups);
    return good ? HF_OK : HF_ENOMEM;
}

void hf_pairs_free(struct hf_pairs *pairs)
{
    hf_heap_free(pairs->quads);
    hf_heap_free(pairs->even);
    hf_heap_free(pairs->odd);
    *pairs = (struct hf_pairs){0};
}
