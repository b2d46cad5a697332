/* log/mirror/follow.h: following a region's log from afar, part by part, believing its key alone.
 *
 *   part: "HFF1" | u32 length | segment | blobs, each u32 n | u32 length | bytes
 *
 * The segment (log/mirror/segment.h) is cut out of the region's own log; a blob is what entry
 * first + n brought. A part is taken whole or not at all: it must begin where the follower is, its
 * entries must give the root that the region signed, and each blob must be the one that its entry
 * names. So what was taken can never be taken back: a log that is rewritten, or of which somebody
 * shows two histories, is a fork, with both signed checkpoints at hand.
 * Pure functions. docs/FORMATS.md has the bytes of parts and of what a follower keeps.
 */
#ifndef HF_LOG_MIRROR_FOLLOW_H
#define HF_LOG_MIRROR_FOLLOW_H

#include "log/mirror/segment.h"
#include "log/tlog/checkpoint.h"
#include "log/tlog/tree.h"

#define HF_FOLLOW_PART_MAX  (12u << 20) /* a segment and blobs of 1 MiB and one more */
#define HF_FOLLOW_STATE_MAX (HF_VKEY_TEXT_MAX + 63u * 45u + HF_SEGMENT_NOTE + 128u)

struct hf_follow {
    struct hf_vkey vkey;
    struct hf_frontier frontier;
    uint8_t note[HF_SEGMENT_NOTE]; /* the newest checkpoint that was taken; none at size 0 */
    size_t note_len;
    /* What is known from elsewhere, such as an old checkpoint: the root at that size must be this
     * one. 0: nothing. */
    uint64_t known_size;
    struct hf_hash known_root;
};

struct hf_follow_part {
    struct hf_segment segment; /* borrows from what was taken */
    struct hf_bytes blobs;
};

void hf_follow_init(struct hf_follow *follow, const struct hf_vkey *vkey);
struct hf_bytes hf_follow_note(const struct hf_follow *follow);

/* The form of a part alone: HF_EINVAL, HF_ETOOBIG. */
enum hf_rc hf_follow_parse(struct hf_bytes bytes, struct hf_follow_part *ret, struct hf_err *err);
/* The other way: a written segment and written blobs, appended to buf as a part. */
void hf_follow_write_part(struct hf_bytes segment, struct hf_bytes blobs, struct hf_buf *buf);
/* Takes a part, or refuses it and stays as it was:
 * HF_EINVAL, HF_ETOOBIG: it is none. HF_ECONFLICT: it begins elsewhere. HF_EBADSIG: its checkpoint
 * is not the region's. HF_ECORRUPT: a blob is not the one that is named. HF_EFORK: the entries do
 * not give the root that was signed, or the root that was known: the log was rewritten, or is not
 * the same for everybody. HF_ENOMEM. */
enum hf_rc hf_follow_take(struct hf_follow *follow, struct hf_bytes bytes,
                          struct hf_follow_part *ret, struct hf_err *err);

/* Walks a part: the next entry, and the blob that it brought (empty: none). */
struct hf_follow_walk {
    struct hf_cursor entries;
    struct hf_cursor blobs;
    uint64_t first;
    uint64_t index; /* the next one */
};

void hf_follow_walk_begin(const struct hf_follow_part *part, struct hf_follow_walk *ret);
/* False at the end. */
bool hf_follow_walk_next(struct hf_follow_walk *walk, uint64_t *ret_index,
                         struct hf_bytes *ret_entry, struct hf_bytes *ret_blob);

/* Goes on where the entries that are here end, with the note that the region signed for them.
 * HF_ECORRUPT: they do not belong together. */
enum hf_rc hf_follow_resume(const struct hf_vkey *vkey, const struct hf_frontier *frontier,
                            struct hf_bytes note, struct hf_follow *ret_follow, struct hf_err *err);

/* What is to be kept: a text that verifies itself against the key. Appended to buf. */
void hf_follow_write(const struct hf_follow *follow, struct hf_buf *buf);
/* HF_ECORRUPT: it is none, or damaged. HF_EMISMATCH: it is about another log than `vkey` (NULL:
 * whichever it names). */
enum hf_rc hf_follow_read(struct hf_bytes text, const struct hf_vkey *vkey,
                          struct hf_follow *ret_follow, struct hf_err *err);

#endif
