/* tenant/feed_answer.h: what the Hub answers to GET /v1/feed, believed only as far as it is proved.
 *
 * The checkpoint must be signed by the region's log and continue the newest one that the agent
 * knows; each item must be in the log at that checkpoint, be a directive for this tenant or all,
 * have a number above the last one, and be the next of its stream, so that nothing can be forged,
 * altered, repeated, moved to another tenant or left out unnoticed. Pure functions.
 */
#ifndef HF_TENANT_FEED_ANSWER_H
#define HF_TENANT_FEED_ANSWER_H

#include "commands/directive.h"
#include "log/tlog/checkpoint.h"

#define HF_FEED_ITEMS_MAX 8
#define HF_FEED_NOTE_MAX  2048
#define HF_FEED_KIND_MAX  32

struct hf_feed_known {
    struct hf_str tenant;
    const struct hf_vkey *vkey; /* of the region's log */
    int64_t now_us;
    uint64_t sequence;    /* of the last directive; 0: none */
    uint64_t own_version; /* of the stream directive/TENANT; 0: nothing of it was seen */
    uint64_t all_version; /* of the stream for all; 0: nothing of it was seen */
    uint64_t size;        /* of the newest checkpoint; 0: none */
    struct hf_hash root;
};

enum hf_feed_verdict {
    HF_FEED_DO,
    HF_FEED_EXPIRED,
    HF_FEED_UNKNOWN_KIND,
    HF_FEED_BAD_PARAMETERS,
};

struct hf_feed_item {
    uint64_t sequence;
    uint64_t index;
    uint64_t version;
    int64_t not_after_us;
    bool for_all;
    char kind[HF_FEED_KIND_MAX + 1];
    struct hf_directive directive; /* with HF_FEED_DO */
    enum hf_feed_verdict verdict;
};

struct hf_feed_answer {
    uint64_t size;
    struct hf_hash root;
    uint8_t note[HF_FEED_NOTE_MAX];
    size_t note_len; /* 0: there is none that the region signed */
    struct hf_feed_item items[HF_FEED_ITEMS_MAX];
    unsigned count;
};

/* HF_EINVAL: it is no such answer. HF_EBADSIG, HF_EBADPROOF: not proved. HF_EFORK: the checkpoint
 * is signed but older than what is known, or another history; *ret has its note. HF_EMISMATCH: for
 * another tenant. HF_ESTALE: repeated. HF_ECONFLICT: one before it was left out. HF_ENOMEM. */
enum hf_rc hf_feed_answer_take(struct hf_bytes text, const struct hf_feed_known *known,
                               struct hf_feed_answer *ret, struct hf_err *err);

#endif
