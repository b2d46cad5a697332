/* log/core/append.h: asking for something to be appended, whoever owns the log.
 *
 * An appender is an interface: in the owner's process it is the log's writer
 * (log/core/writer.h), elsewhere a socket to the owner. A request is a group of submissions that
 * is appended as a whole, in consecutive positions, or not at all; it is embedded by its caller
 * and left alone until `done` ran, on the loop's thread, never inside the submit call.
 *
 * Idempotence: an item whose (producer, sequence) is in the log already with the same submission
 * hash answers HF_OK with the position it has, for ever, and `repeated`. With another hash:
 * HF_EFORK. A sequence below the producer's newest that was never used: HF_ESTALE.
 * HF_EUNKNOWN means that a commit failed half-way: submit again, the answer will be right.
 */
#ifndef HF_LOG_CORE_APPEND_H
#define HF_LOG_CORE_APPEND_H

#include "base/queue.h"
#include "log/core/codec.h"
#include "log/tlog/checkpoint.h"

#define HF_APPEND_ITEMS_MAX 4096
#define HF_APPEND_BYTES_MAX (8u << 20) /* of all items of one request, blobs not counted */

struct hf_submission {
    struct hf_bytes bytes;
    struct hf_bytes blob; /* plain bytes of the blob that it names; empty when none or known */
};

/* The stream must be at this version when the group is appended; 0: must not exist. Also for
 * streams that the group does not write. */
struct hf_expect {
    struct hf_str stream;
    uint64_t version;
};

enum hf_wait {
    HF_WAIT_DURABLE, /* on disk */
    HF_WAIT_SIGNED,  /* and covered by a signed checkpoint */
};

struct hf_append {
    /* public: borrowed until done */
    const struct hf_submission *items;
    size_t item_count;
    const struct hf_expect *expects;
    size_t expect_count;
    enum hf_wait wait;
    struct hf_bytes note; /* to a mirror's writer: the source's checkpoint behind the items */
    void (*done)(struct hf_append *append);
    /* read-only: the answer */
    enum hf_rc rc;
    struct hf_err err;
    uint64_t first; /* position of the first item */
    bool repeated;
    struct hf_bytes checkpoint; /* HF_WAIT_SIGNED: the note; borrowed while done runs */
    /* private */
    struct hf_queue node;
    uint64_t submitted_ns;
};

struct hf_appender;

struct hf_appender_ops {
    void (*submit)(struct hf_appender *appender, struct hf_append *append);
};

struct hf_appender {
    const struct hf_appender_ops *ops;
};

static inline void hf_append_submit(struct hf_appender *appender, struct hf_append *append)
{
    appender->ops->submit(appender, append);
}

#endif
