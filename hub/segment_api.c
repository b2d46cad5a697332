/* hub/segment_api.c: segments of tenants' logs, and their receipts. */
#include <stdio.h>

#include "hub/agent_key.h"
#include "hub/approval_scan.h"
#include "hub/exposure.h"
#include "hub/mirror_alarm.h"

/* The receipt: the tenant's own checkpoint with the region's cosignature under it. */
static void answer_receipt(struct hf_hub_call *call, int status)
{
    hf_hub_receipt(call->hub, call->answer_note, &call->scratch);
    if (call->exchange != NULL) {
        hf_http_answer(call->exchange, status, "text/plain; charset=utf-8",
                       hf_buf_bytes(&call->scratch));
    }
}

static void received(struct hf_hub_call *call)
{
    struct hf_hub_tenant *t = call->tenant;
    t->receiving = false;
    t->mirror = call->next;
    t->epoch_closed = false;
    t->segments++;
    t->last_segment = call->post.append.first;
    call->hub->segments++;
    hf_hub_ingest_lag_add(&call->hub->lag, call->oldest_us,
                          hf_env_wall_us(hf_loop_env(call->hub->loop)));
    if (call->has_approvals) {
        (void)hf_hub_approvals_add(&call->hub->approvals, hf_str_c(t->life.name),
                                   call->post.append.first);
        hf_hub_router_wake(call->hub);
    }
    hf_hub_exposure_look(call->hub, t, hf_buf_bytes(&call->held));
    hf_hub_reached(call->hub, &call->post.append);
    answer_receipt(call, 200);
}

/* Says what the region has, so that the agent knows how far apart they are. */
static void answer_place(struct hf_hub_call *call, enum hf_problem problem, const char *detail)
{
    struct hf_json_out json;
    hf_call_problem_begin(call, problem, detail, &json);
    hf_json_key_u64(&json, "epoch", call->tenant->mirror.epoch);
    hf_json_key_u64(&json, "size", call->tenant->mirror.frontier.size);
    hf_call_problem_end(call, problem, &json);
}

static void answer_refusal(struct hf_hub_call *call, const struct hf_err *err)
{
    if (err->rc == HF_EFORK) {
        answer_place(call, HF_PROBLEM_FORK, err->text);
    } else if (err->rc == HF_ESTALE) {
        answer_place(call, HF_PROBLEM_STALE, err->text);
    } else if (err->rc == HF_EBADPROOF) {
        answer_place(call, HF_PROBLEM_EPOCH, err->text);
    } else {
        hf_call_refuse(call, err);
    }
}

static void post_segment(struct hf_hub_call *call, const struct hf_segment *segment)
{
    struct hf_hash root;
    char stream[64];
    char producer[64];
    const char *name = call->tenant->life.name;
    uint64_t approvals = hf_hub_scan_count(segment);
    hf_frontier_root(&call->next.frontier, &root);
    const struct hf_event_segment_received event = {.tenant = hf_str_c(name),
                                                    .epoch = segment->epoch,
                                                    .first = segment->first,
                                                    .end = segment->end,
                                                    .root = hf_bytes_of(root.b, HF_HASH_SIZE),
                                                    .has_approvals = approvals > 0,
                                                    .approvals = approvals};
    struct hf_writer w = hf_writer_init(call->payload, sizeof call->payload);
    hf_event_segment_received_encode(&event, &w);
    (void)snprintf(stream, sizeof stream, "segment/%s", name);
    (void)snprintf(producer, sizeof producer, "mirror/%s", name);
    const struct hf_hub_event post = {.type = HF_EVENT_SEGMENT_RECEIVED_NAME,
                                      .schema_version = HF_EVENT_SEGMENT_RECEIVED_VERSION,
                                      .stream = hf_str_c(stream),
                                      .payload = hf_writer_done(&w),
                                      .blob = hf_buf_bytes(&call->held),
                                      .producer = hf_str_c(producer),
                                      .sequence = ((uint64_t)segment->epoch << HF_HUB_EPOCH_BITS) +
                                                  segment->end};
    call->answer_note = segment->note;
    call->oldest_us = hf_hub_ingest_oldest(segment);
    call->has_approvals = approvals > 0;
    call->tenant->receiving = true;
    hf_call_post(call, &post, received);
    call->tenant->receiving = call->posted_again;
}

/* a new epoch */

static void closed(struct hf_hub_call *call)
{
    struct hf_segment segment;
    struct hf_err err = {0};
    enum hf_rc rc = hf_segment_parse(hf_buf_bytes(&call->held), &segment, &err);
    HF_ASSERT(rc == HF_OK); /* it was parsed before */
    post_segment(call, &segment);
}

/* The mirror of the epoch that ends stays as it is; that it ended, and how, is written before the
 * first segment of the next one. */
static void close_epoch(struct hf_hub_call *call, const struct hf_segment *segment)
{
    char stream[64];
    struct hf_hash root;
    struct hf_event_epoch_opened opened;
    struct hf_err err = {0};
    struct hf_hub_tenant *t = call->tenant;
    enum hf_rc rc = hf_mirror_opening(segment, &opened, &err);
    if (rc != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    hf_frontier_root(&t->mirror.frontier, &root);
    const struct hf_event_mirror_epoch_closed event = {.tenant = hf_str_c(t->life.name),
                                                       .epoch = t->mirror.epoch,
                                                       .size = t->mirror.frontier.size,
                                                       .root = hf_bytes_of(root.b, HF_HASH_SIZE),
                                                       .next_epoch = segment->epoch,
                                                       .old_epoch = opened.old_epoch,
                                                       .old_size = opened.old_size,
                                                       .old_root = opened.old_root,
                                                       .reason = opened.reason};
    struct hf_writer w = hf_writer_init(call->payload, sizeof call->payload);
    hf_event_mirror_epoch_closed_encode(&event, &w);
    (void)snprintf(stream, sizeof stream, "segment/%s", t->life.name);
    const struct hf_hub_event post = {.type = HF_EVENT_MIRROR_EPOCH_CLOSED_NAME,
                                      .schema_version = HF_EVENT_MIRROR_EPOCH_CLOSED_VERSION,
                                      .stream = hf_str_c(stream),
                                      .payload = hf_writer_done(&w)};
    t->receiving = true;
    hf_call_post(call, &post, closed);
    t->receiving = call->posted_again;
}

/* The segment goes on from the mirror. */
static void take_segment(struct hf_hub_call *call, const struct hf_segment *segment)
{
    const struct hf_hub_tenant *t = call->tenant;
    if (t->mirror.epoch > 0 && segment->epoch > t->mirror.epoch && !t->epoch_closed) {
        close_epoch(call, segment);
    } else {
        post_segment(call, segment);
    }
}

void hf_serve_agent_segment(struct hf_hub_call *call)
{
    struct hf_hub *hub = call->hub;
    struct hf_segment segment = {.epoch = 0};
    struct hf_hash root;
    struct hf_err err = {0};
    struct hf_hub_tenant *t = call->tenant;
    if (t->receiving) {
        hf_call_problem(call, HF_PROBLEM_BUSY, "A segment of this tenant is on its way to disk.");
        return;
    }
    struct hf_bytes body = hf_http_exchange_body(call->exchange);
    hf_buf_put(&call->held, body.ptr, body.len);
    enum hf_rc rc = call->held.failed != HF_OK
                        ? hf_err_set(&err, call->held.failed, "the segment is too big")
                        : hf_segment_parse(hf_buf_bytes(&call->held), &segment, &err);
    if (rc == HF_OK) {
        rc = hf_mirror_check(&t->mirror, &segment, hf_str_c(t->life.log_stem), &t->life.log_key,
                             &call->next, &root, &err);
    }
    if (rc == HF_OK && segment.epoch == t->mirror.epoch && t->epoch_closed) {
        rc = hf_err_set(&err, HF_ESTALE, "epoch %u of this log is closed", segment.epoch);
    }
    if (rc == HF_OK) {
        take_segment(call, &segment);
        return;
    }
    if (rc == HF_EEXIST && segment.end == t->mirror.frontier.size) {
        call->answer_note = segment.note;
        answer_receipt(call, 200); /* its answer was lost */
        return;
    }
    hf_hub_note_refused_segment(hub, t, &segment, rc);
    if (rc == HF_EEXIST || rc == HF_ECONFLICT) {
        answer_place(call, HF_PROBLEM_RESUME,
                     "The segment does not begin where the mirror ends; send from there.");
        return;
    }
    hub->segments_refused++;
    hf_log(hub->logger, HF_LOG_WARN, "segment.refused", hf_f_c("tenant", t->life.name),
           hf_f_err(&err), hf_f_str("checkpoint", hf_bytes_str(segment.note)));
    answer_refusal(call, &err);
}
