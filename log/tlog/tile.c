/* log/tlog/tile.c: tile paths, counts, bundles. */
#include "log/tlog/tile.h"

#include <stdio.h>

#include "base/assert.h"

void hf_tile_path(int level, uint64_t n, unsigned width, char out[HF_TILE_PATH_MAX])
{
    HF_ASSERT(level < 64 && width >= 1 && width <= HF_TILE_WIDTH);
    struct hf_writer w = hf_writer_init(out, HF_TILE_PATH_MAX);
    if (level < 0) {
        hf_writer_printf(&w, "tile/entries/");
    } else {
        hf_writer_printf(&w, "tile/%d/", level);
    }
    /* Groups of three digits; all but the last have an x in front. */
    unsigned groups[7];
    int count = 0;
    do {
        groups[count++] = (unsigned)(n % 1000);
        n /= 1000;
    } while (n > 0);
    while (--count > 0) {
        hf_writer_printf(&w, "x%03u/", groups[count]);
    }
    hf_writer_printf(&w, "%03u", groups[0]);
    if (width < HF_TILE_WIDTH) {
        hf_writer_printf(&w, ".p/%u", width);
    }
    hf_writer_u8(&w, 0);
    HF_ASSERT(!w.overflow);
}

void hf_tile_counts(uint64_t size, unsigned level, uint64_t *ret_full, unsigned *ret_partial)
{
    uint64_t hashes = level < 8 ? size >> (8 * level) : 0;
    *ret_full = hashes / HF_TILE_WIDTH;
    *ret_partial = (unsigned)(hashes % HF_TILE_WIDTH);
}

enum hf_rc hf_bundle_next(struct hf_cursor *bundle, struct hf_bytes *ret_entry)
{
    if (bundle->left == 0) {
        return HF_EEND;
    }
    if (bundle->left < 2) {
        return HF_ECORRUPT;
    }
    size_t len = hf_be16_get(bundle->ptr);
    if (bundle->left - 2 < len) {
        return HF_ECORRUPT;
    }
    *ret_entry = hf_bytes_of(bundle->ptr + 2, len);
    bundle->ptr += 2 + len;
    bundle->left -= 2 + len;
    return HF_OK;
}
