/* log/core/heads.h: the newest version of each stream, sequence of each producer, place of each
 * blob.
 *
 * A fold over the entries, held in memory for every name that was asked for since the last volume
 * was sealed; the fold over sealed volumes comes from the views (log/core/views.h). One thread.
 * Pointers to heads stay valid until hf_heads_fini, hf_heads_clear or hf_heads_forget.
 */
#ifndef HF_LOG_CORE_HEADS_H
#define HF_LOG_CORE_HEADS_H

#include "base/bytes.h"

enum hf_head_kind {
    HF_HEAD_STREAM = 's',
    HF_HEAD_PRODUCER = 'p',
    HF_HEAD_BLOB = 'b',
    HF_HEAD_TYPE = 't',
};

#define HF_INDEX_NONE UINT64_MAX

struct hf_head {
    uint64_t last;  /* stream version, producer sequence, or count; 0: none yet */
    uint64_t index; /* position of the entry that set it, HF_INDEX_NONE: none yet */
    /* private */
    uint64_t hash;
    uint8_t kind;
    uint8_t name_len;
    uint8_t name[];
};

struct hf_heads {
    /* private */
    struct hf_head **slots;
    size_t cap; /* a power of two */
    size_t count;
    uint8_t key[16];
};

/* key: 16 random bytes, so that foreign names cannot collide on purpose. */
void hf_heads_init(struct hf_heads *heads, const uint8_t key[16]);
void hf_heads_fini(struct hf_heads *heads);
/* Forgets everything. */
void hf_heads_clear(struct hf_heads *heads);
/* Forgets heads of entries below the index, and of names that have none: whoever asks again gets
 * them from the views, which must have them. Without memory nothing is forgotten. */
void hf_heads_forget(struct hf_heads *heads, uint64_t below);
/* Gives the head, made with last 0 when it is new (*ret_new). HF_ENOMEM changes nothing. */
enum hf_rc hf_heads_get(struct hf_heads *heads, enum hf_head_kind kind, struct hf_bytes name,
                        struct hf_head **ret_head, bool *ret_new);
/* NULL when it is not held. */
struct hf_head *hf_heads_find(const struct hf_heads *heads, enum hf_head_kind kind,
                              struct hf_bytes name);

#endif
