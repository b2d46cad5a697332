/* log/tlog/tile.h: names and sizes of tiles and entry bundles (c2sp.org/tlog-tiles).
 *
 * A full tile holds 256 hashes (8,192 bytes); tile (level, n) has as hash i the complete
 * subtree (8 * level, n * 256 + i). An entry bundle holds up to 256 entries, each as u16
 * big-endian length and bytes. Partial tiles of width 1..255 are named with ".p/W".
 */
#ifndef HF_LOG_TLOG_TILE_H
#define HF_LOG_TLOG_TILE_H

#include "base/bytes.h"
#include "base/err.h"

#define HF_TILE_WIDTH    256
#define HF_ENTRY_MAX     65535
#define HF_TILE_PATH_MAX 64

/* "tile/0/x001/x234/067", with ".p/112" when width < 256. level < 0 names an entry bundle:
 * "tile/entries/273.p/112". NUL-terminated into out. */
void hf_tile_path(int level, uint64_t n, unsigned width, char out[HF_TILE_PATH_MAX]);

/* How many full tiles a tree of `size` has at `level`, and how wide the partial one after them
 * is (0: none). */
void hf_tile_counts(uint64_t size, unsigned level, uint64_t *ret_full, unsigned *ret_partial);

/* Takes the next entry of a bundle off the cursor. HF_EEND at its end, HF_ECORRUPT when the
 * length runs over the end. *ret_entry borrows from the bundle. */
enum hf_rc hf_bundle_next(struct hf_cursor *bundle, struct hf_bytes *ret_entry);

#endif
