/* log/core/format.h: the bytes of a log's records on disk, as docs/FORMATS.md pins them.
 *
 * All integers are big-endian. Each record ends or begins with a check: the first 4 bytes of
 * SHA-256 over the rest, so that verification can name a damaged record. Pure functions.
 */
#ifndef HF_LOG_CORE_FORMAT_H
#define HF_LOG_CORE_FORMAT_H

#include "base/buf.h"
#include "base/crypto.h"
#include "log/tlog/note.h"
#include "log/tlog/tile.h"

/* log.mdb */
enum hf_log_table {
    HF_TABLE_META,
    HF_TABLE_FRAMES,
    HF_TABLE_VOLUMES,
    HF_TABLE_BLOBS,
    HF_TABLES
};

#define HF_VOLUME_BITS    16
#define HF_VOLUME_ENTRIES (UINT64_C(1) << HF_VOLUME_BITS)
#define HF_VOLUME_BUNDLES (HF_VOLUME_ENTRIES / HF_TILE_WIDTH)
#define HF_BUNDLE_MAX     (HF_TILE_WIDTH * (2 + HF_ENTRY_MAX))

#define HF_BLOB_MAX   (64u << 20)
#define HF_BLOB_CHUNK (1u << 20)

uint32_t hf_check32(struct hf_bytes bytes);

/* Identity, meta key "identity": what a log is. Text, one field a line, then the check in hex. */
#define HF_IDENTITY_MAX 1024
#define HF_KIND_MAX     32

struct hf_identity {
    char kind[HF_KIND_MAX]; /* "opaque", "events" */
    struct hf_vkey vkey;    /* its name is the origin */
};

void hf_identity_encode(const struct hf_identity *identity, struct hf_writer *w);
enum hf_rc hf_identity_decode(struct hf_bytes bytes, struct hf_identity *ret, struct hf_err *err);

/* Meta key "source", of a mirror only: the newest checkpoint of the log that it is a copy of. */
#define HF_SOURCE_NOTE_MAX 2048

/* Tip, meta key "tip": the newest commit. */
#define HF_TIP_SIZE 68

struct hf_tip {
    uint64_t size;    /* entries */
    uint64_t sealed;  /* volumes that live in sealed files */
    uint64_t dropped; /* frames below this index are gone from the open volume */
    int64_t committed_us;
    struct hf_hash root;
};

void hf_tip_encode(const struct hf_tip *tip, uint8_t out[HF_TIP_SIZE]);
enum hf_rc hf_tip_decode(struct hf_bytes bytes, struct hf_tip *ret, struct hf_err *err);

/* A volume's record, table volumes, key be64 number. */
#define HF_VOLUME_RECORD_SIZE 52

struct hf_volume_record {
    struct hf_hash root; /* of its 65,536 leaves: the complete subtree (16, number) */
    int64_t first_us;    /* commit times of its first and last frame */
    int64_t last_us;
};

void hf_volume_record_encode(const struct hf_volume_record *record,
                             uint8_t out[HF_VOLUME_RECORD_SIZE]);
enum hf_rc hf_volume_record_decode(struct hf_bytes bytes, struct hf_volume_record *ret,
                                   struct hf_err *err);

/* A frame: the entries of one commit (or of its part in one volume), table frames, key be64
 * first index: header of 24 bytes, entries as a tlog-tiles bundle, one check an entry (first 4
 * bytes of its leaf hash). */
#define HF_FRAME_HEADER_SIZE 24
#define HF_FRAME_MAX         (32u << 20)

struct hf_frame {
    uint32_t count;
    int64_t committed_us;
    struct hf_bytes bundle; /* borrows */
    struct hf_bytes checks; /* 4 bytes an entry */
};

void hf_frame_header_encode(const struct hf_frame *frame, uint8_t out[HF_FRAME_HEADER_SIZE]);
/* Checks the header and the lengths, not the entries. */
enum hf_rc hf_frame_decode(struct hf_bytes bytes, struct hf_frame *ret, struct hf_err *err);

/* Keys */
struct hf_key8 {
    uint8_t b[8];
};

static inline struct hf_key8 hf_key8_make(uint64_t n)
{
    struct hf_key8 key;
    hf_be64_put(key.b, n);
    return key;
}

static inline struct hf_bytes hf_key8_bytes(const struct hf_key8 *key)
{
    return hf_bytes_of(key->b, sizeof key->b);
}

/* "v0000000042.mdb" */
#define HF_VOLUME_NAME_MAX 32
void hf_volume_name(uint64_t number, char out[HF_VOLUME_NAME_MAX]);

#endif
