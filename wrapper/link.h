/* wrapper/link.h: a connection of a plugin, and the calls that were asked over it.
 * Private to this folder. Threads: the loop's.
 */
#ifndef HF_WRAPPER_LINK_H
#define HF_WRAPPER_LINK_H

#include "wrapper/frames.h"
#include "wrapper/protocol.h"
#include "wrapper/wrapper.h"

struct hf_link {
    struct hf_wrapper *wrapper;
    struct hf_queue node;
    struct hf_stream *stream;
    struct hf_frames frames;
    struct hf_gateway peer;
    uint64_t since_ns; /* it came */
    bool welcome;      /* hello was taken */
    bool gateway;      /* a gateway runs in that process */
    bool closing;      /* nothing more is read or written */
    bool reading;
    bool broken;         /* it is closed as soon as nobody is in the middle of it */
    struct hf_task task; /* looks at what was left in the buffer */
    unsigned questions;  /* under way, without those that wait for a person */
    struct hf_queue calls;
    struct hf_queue runs;
};

struct hf_session;

/* Does the process at the other end hold the lease? */
bool hf_link_holds(const struct hf_link *link);
/* Sends; a connection that cannot be written to is closed. */
void hf_link_send(struct hf_link *link, const struct hf_plugin_message *message);
void hf_link_send_bytes(struct hf_link *link, struct hf_bytes frame);
/* The number of questions changed. */
void hf_link_flow(struct hf_link *link);
/* Why a question of this session cannot be decided now; NULL: it can. session: NULL for none. */
const char *hf_link_not_now(const struct hf_link *link, const struct hf_session *session);

/* wrapper/call.c */
struct hf_call;
/* A tool wants to run: the verdict is sent when it is there. */
void hf_call_begin(struct hf_link *link, const struct hf_plugin_message *message);
/* Nobody waits for the call with that number any more. */
void hf_call_abort(struct hf_link *link, uint64_t id);
/* The connection is gone: calls go on by themselves and answer nobody. */
void hf_call_orphan_all(struct hf_link *link);
/* Refuses what waits for a person. */
void hf_call_drain_all(struct hf_link *link);

/* wrapper/run.c */
#define HF_RUN_NAME_SIZE 40 /* of a reservation, with its NUL */
/* The model is to answer: a verdict is sent when it is known whether the budgets allow it. */
void hf_run_begin(struct hf_link *link, const struct hf_plugin_message *message);
/* As for calls. */
void hf_run_abort(struct hf_link *link, uint64_t id);
void hf_run_orphan_all(struct hf_link *link);
void hf_run_drain_all(struct hf_link *link);
/* The reservation that a run has, or would have. */
void hf_run_name(struct hf_str session, struct hf_str run, char out[HF_RUN_NAME_SIZE]);

/* wrapper/release.c */
/* The run ended: what is still reserved for it is given back. */
void hf_run_over(struct hf_wrapper *wrapper, struct hf_str session, struct hf_str run);

/* wrapper/result.c */
/* A tool ran: its result is redacted and sent back. */
void hf_result_take(struct hf_link *link, const struct hf_plugin_message *message);
void hf_result_life(struct hf_link *link, const struct hf_plugin_life *life);
void hf_result_usage(struct hf_link *link, const struct hf_plugin_usage *usage);

#endif
