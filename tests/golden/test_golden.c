/* tests/golden/test_golden.c: what was written once must decode and verify to the same bytes for
 * ever.
 *
 * volume-1.txt: a sealed volume of 65,536 entries, "entry N of the golden volume": its root, the
 * log's vkey, the bytes under "head" and the groups of packed bundles as they were sealed.
 * events-N.txt: leaves of every type and version that there was, of an unknown type and of a
 * version from the future, packed by an independent encoder (events.py), each with the JSON that it
 * is shown as. What is new gets a new file beside the old ones; a line that is there is never
 * edited.
 */
#include <stdio.h>

#include "base/base64.h"
#include "base/file.h"
#include "base/heap.h"
#include "base/hex.h"
#include "base/json_out.h"
#include "log/core/volume.h"
#include "log/store/place_model.h"
#include "schemas/envelope.h"
#include "schemas/event.h"
#include "tests/harness/test.h"

enum {
    PIECE_MAX = 1 << 20,
    EVENTS_2 = 56, /* lines of events-2.txt */
};

struct golden {
    struct hf_disk_model *disk;
    struct hf_place *place;
    struct hf_sealer *sealer;
    struct hf_packer *packer;
    struct hf_buf text;
    struct hf_buf plain;
    struct hf_identity identity;
    struct hf_hash root;
    struct hf_hash *leaves;
    struct hf_hash tiles[HF_TILE_WIDTH];
    uint8_t piece[PIECE_MAX];
    size_t piece_len;
    unsigned bundles;
    struct hf_err err;
};

/* The next line without its newline; false at the end. */
static bool next_line(struct hf_str *rest, struct hf_str *ret_line)
{
    const char *end = rest->len == 0 ? NULL : memchr(rest->ptr, '\n', rest->len);
    if (end == NULL) {
        return false;
    }
    *ret_line = (struct hf_str){rest->ptr, (size_t)(end - rest->ptr)};
    *rest = (struct hf_str){end + 1, rest->len - ret_line->len - 1};
    return true;
}

static bool strip(struct hf_str *line, const char *word)
{
    size_t len = strlen(word);
    if (line->len < len || memcmp(line->ptr, word, len) != 0) {
        return false;
    }
    *line = (struct hf_str){line->ptr + len, line->len - len};
    return true;
}

/* Entry `index` of a bundle is what it was; its hash is noted. */
static bool check_entry(struct golden *g, uint64_t index, struct hf_bytes entry)
{
    char expected[64];
    int len = snprintf(expected, sizeof expected, "entry %llu of the golden volume",
                       (unsigned long long)index);
    hf_tree_leaf_hash(entry, &g->leaves[index]);
    return hf_bytes_eq(entry, hf_bytes_of(expected, (size_t)len));
}

static void check_bundle(struct golden *g, struct hf_bytes plain, unsigned bundle)
{
    struct hf_cursor cursor = hf_cursor_init(plain);
    struct hf_bytes entry;
    uint64_t index = (uint64_t)bundle * HF_TILE_WIDTH;
    while (hf_bundle_next(&cursor, &entry) == HF_OK) {
        HF_CHECK(check_entry(g, index, entry));
        index++;
    }
    HF_CHECK_U64(index, (uint64_t)(bundle + 1) * HF_TILE_WIDTH);
}

/* The value under 'b' FIRST: packed bundles, each after its length. */
static void take_group(struct golden *g, struct hf_str packed)
{
    uint8_t key[3] = {'b', (uint8_t)(g->bundles >> 8), (uint8_t)g->bundles};
    HF_CHECK_RC(hf_base64_decode(packed, g->piece, sizeof g->piece, &g->piece_len), HF_OK);
    struct hf_bytes group = hf_bytes_of(g->piece, g->piece_len);
    HF_CHECK_OK(hf_seal_put(g->sealer, hf_bytes_of(key, sizeof key), group, &g->err), g->err);
    struct hf_cursor cursor = hf_cursor_init(group);
    uint32_t len = 0;
    struct hf_bytes bundle;
    while (hf_cursor_be32(&cursor, &len) && hf_cursor_take(&cursor, len, &bundle)) {
        hf_buf_clear(&g->plain);
        HF_CHECK_OK(hf_unpack(g->packer, bundle, HF_BUNDLE_MAX, &g->plain, &g->err), g->err);
        check_bundle(g, hf_buf_bytes(&g->plain), g->bundles);
        g->bundles++;
    }
}

static void take_line(struct golden *g, struct hf_str line)
{
    size_t len = 0;
    if (strip(&line, "bundles ")) {
        take_group(g, line);
    } else if (strip(&line, "root ")) {
        HF_CHECK_RC(hf_hex_decode(line, g->root.b, HF_HASH_SIZE, &len, NULL), HF_OK);
    } else if (strip(&line, "vkey ")) {
        HF_CHECK_OK(hf_vkey_parse(line, &g->identity.vkey, &g->err), g->err);
    } else {
        HF_CHECK(strip(&line, "head "));
        HF_CHECK_RC(hf_hex_decode(line, g->piece, sizeof g->piece, &g->piece_len, NULL), HF_OK);
        HF_CHECK_OK(
            hf_seal_put(g->sealer, HF_BYTES("head"), hf_bytes_of(g->piece, g->piece_len), &g->err),
            g->err);
    }
}

/* The root of `width` hashes, pairwise. */
static void fold(struct hf_hash *hashes, size_t width)
{
    for (; width > 1; width /= 2) {
        for (size_t i = 0; i < width / 2; i++) {
            hf_sha256_node(&hashes[2 * i], &hashes[2 * i + 1], &hashes[i]);
        }
    }
}

static void finish_volume(struct golden *g)
{
    static struct hf_hash scratch[HF_TILE_WIDTH];
    for (size_t i = 0; i < HF_TILE_WIDTH; i++) {
        memcpy(scratch, &g->leaves[i * HF_TILE_WIDTH], sizeof scratch);
        fold(scratch, HF_TILE_WIDTH);
        g->tiles[i] = scratch[0];
    }
    HF_CHECK_OK(hf_seal_put(g->sealer, HF_BYTES("leaf"),
                            hf_bytes_of(g->leaves, HF_VOLUME_ENTRIES * HF_HASH_SIZE), &g->err),
                g->err);
    HF_CHECK_OK(
        hf_seal_put(g->sealer, HF_BYTES("tile"), hf_bytes_of(g->tiles, sizeof g->tiles), &g->err),
        g->err);
    HF_CHECK_OK(hf_seal_finish(g->sealer, &g->err), g->err);
}

static void read_volume(struct golden *g)
{
    struct hf_volume *volume = NULL;
    struct hf_hash root;
    HF_CHECK_OK(hf_volume_open(g->place, &g->identity, 0, &volume, &g->err), g->err);
    hf_volume_node(volume, HF_VOLUME_BITS, 0, &root);
    HF_CHECK_MEM(root.b, g->root.b, HF_HASH_SIZE);
    for (unsigned i = 0; i < HF_VOLUME_BUNDLES && !hf_test_failed(); i++) {
        HF_CHECK_OK(hf_volume_bundle(volume, g->packer, i, &g->plain, &g->err), g->err);
        check_bundle(g, hf_buf_bytes(&g->plain), i);
    }
    hf_volume_close(volume);
}

HF_TEST(volume)
{
    static struct golden g;
    struct hf_str line;
    g.text = hf_buf_init(1u << 20);
    g.plain = hf_buf_init(HF_BUNDLE_MAX);
    (void)snprintf(g.identity.kind, sizeof g.identity.kind, "opaque");
    g.leaves = hf_heap_zalloc(HF_VOLUME_ENTRIES, sizeof *g.leaves);
    HF_CHECK(g.leaves != NULL);
    HF_CHECK_RC(hf_packer_new(&g.packer), HF_OK);
    HF_CHECK_RC(hf_disk_model_new(1, &g.disk), HF_OK);
    HF_CHECK_OK(hf_place_model_open(g.disk, HF_PLACE_OWN, &g.place, &g.err), g.err);
    HF_CHECK_OK(hf_file_read(hf_test_source("golden/volume-1.txt"), &g.text, &g.err), g.err);
    char name[HF_VOLUME_NAME_MAX];
    hf_volume_name(0, name);
    HF_CHECK_OK(hf_seal_begin(g.place, name, 1u << 24, &g.sealer, &g.err), g.err);
    struct hf_str rest = hf_bytes_str(hf_buf_bytes(&g.text));
    while (next_line(&rest, &line) && !hf_test_failed()) {
        take_line(&g, line);
    }
    HF_CHECK_U64(g.bundles, HF_VOLUME_BUNDLES);
    finish_volume(&g);
    read_volume(&g);
    hf_place_close(g.place);
    hf_disk_model_free(g.disk);
    hf_packer_free(g.packer);
    hf_heap_free(g.leaves);
    hf_buf_free(&g.text);
    hf_buf_free(&g.plain);
}

/* The leaf in hexadecimal, a space, its JSON. */
static void check_event(struct hf_str line)
{
    static uint8_t leaf[PIECE_MAX];
    struct hf_envelope envelope;
    struct hf_err err = {0};
    size_t len = 0;
    const char *space = memchr(line.ptr, ' ', line.len);
    HF_CHECK(space != NULL);
    struct hf_str hex = {line.ptr, (size_t)(space - line.ptr)};
    struct hf_str expected = {space + 1, line.len - hex.len - 1};
    HF_CHECK_RC(hf_hex_decode(hex, leaf, sizeof leaf, &len, NULL), HF_OK);
    HF_CHECK_OK(hf_envelope_parse_leaf(hf_bytes_of(leaf, len), &envelope, &err), err);
    struct hf_buf buf = hf_buf_init(1u << 20);
    struct hf_json_out json;
    hf_json_init(&json, &buf);
    hf_envelope_to_json(&envelope, &json);
    HF_CHECK_STR(hf_bytes_str(hf_buf_bytes(&buf)), expected);
    hf_buf_free(&buf);
}

/* Goal: leaves of earlier releases are shown as they were then. Method: each line of each file. */
HF_TEST(events)
{
    static const struct {
        const char *file;
        unsigned lines;
    } files[] = {{"golden/events-1.txt", 19},
                 {"golden/events-2.txt", EVENTS_2},
                 {"golden/events-3.txt", 4},
                 {"golden/events-4.txt", 7}};

    for (size_t i = 0; i < HF_LEN(files); i++) {
        struct hf_err err = {0};
        struct hf_str line;
        struct hf_buf text = hf_buf_init(1u << 20);
        unsigned count = 0;
        HF_CHECK_OK(hf_file_read(hf_test_source(files[i].file), &text, &err), err);
        struct hf_str rest = hf_bytes_str(hf_buf_bytes(&text));
        for (; next_line(&rest, &line) && !hf_test_failed(); count++) {
            check_event(line);
        }
        HF_CHECK_U64(count, files[i].lines);
        hf_buf_free(&text);
    }
}

HF_TEST_MAIN(HF_TEST_CASE(volume), HF_TEST_CASE(events))
