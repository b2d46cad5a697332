/* wrapper/recorder.h: puts events into the tenant's log, through the agent's socket.
 *
 * A record is sent under a producer and a sequence of its own, again and again under the same ones
 * until the agent says that it is durable or its deadline is over: sending it twice is harmless. At
 * most HF_RECORDER_SLOTS are on their way at a time, each under its own producer ("wrapper-0" and
 * so on), because a producer's sequence may not go backwards; the agent commits them together.
 * Urgent ones go before the others. Sequences grow over restarts by a mark on disk that is always
 * ahead of them.
 * Threads: the loop's.
 */
#ifndef HF_WRAPPER_RECORDER_H
#define HF_WRAPPER_RECORDER_H

#include "base/http/client.h"
#include "base/queue.h"
#include "schemas/event.h"

#define HF_RECORDER_SLOTS 16
#define HF_RECORDER_QUEUE 4096u /* records of each kind that may wait */

struct hf_recorder;

/* Embedded by its owner, and left in place until `done` ran. */
struct hf_record {
    /* public */
    const struct hf_event_type *type;
    const void *event; /* checked by the recorder; borrowed until done */
    struct hf_str correlation;
    uint64_t wait_ns; /* from the submit on */
    bool urgent;
    void (*done)(struct hf_record *record);
    /* the outcome */
    enum hf_rc rc; /* HF_OK: it is durable. HF_EINVAL: no such event may be written. HF_EBUSY: too
                      many wait. HF_EIO, HF_ENOSPC, HF_ENOMEM, HF_ECLOSED: it may be in the log or
                      not */
    struct hf_err err;
    uint64_t index;         /* of its entry */
    struct hf_hash request; /* submission hash of what is in the log, as the agent says */
    /* private */
    struct hf_queue node;
    struct hf_task task;
    uint64_t until_ns;
};

struct hf_recorder_conf {
    struct hf_http_client *client; /* to the agent's socket; borrowed */
    const char *state;             /* file of the mark; NULL: only the clock */
};

enum hf_rc hf_recorder_new(struct hf_loop *loop, const struct hf_recorder_conf *conf,
                           struct hf_recorder **ret_recorder, struct hf_err *err);
/* What waits ends with HF_ECLOSED, inside of the call. NULL is fine. */
void hf_recorder_free(struct hf_recorder *recorder);
/* `done` runs later, never inside of it. */
void hf_recorder_submit(struct hf_recorder *recorder, struct hf_record *record);
/* Records that wait or are on their way. */
size_t hf_recorder_pending(const struct hf_recorder *recorder);

#endif
