/* hub/segment_api.c: segments of tenants' logs, and their receipts. */
#include <stdio.h>

#include "hub/agent_key.h"

/* The receipt: the tenant's own checkpoint with the region's cosignature under it. */
static void answer_receipt(struct hf_hub_call *call, int status)
{
    uint8_t line[512];
    const struct hf_hub *hub = call->hub;
    struct hf_str note = hf_bytes_str(call->answer_note);
    const char *end = note.len == 0 ? NULL : memmem(note.ptr, note.len, "\n\n", 2);
    HF_ASSERT(end != NULL); /* it was opened as a note */
    struct hf_str text = {note.ptr, (size_t)(end - note.ptr) + 1};
    struct hf_writer w = hf_writer_init(line, sizeof line);
    int64_t now = hf_env_wall_us(hf_loop_env(hub->loop));
    hf_note_cosign(text, &hub->cosigner_vkey, hub->cosigner, (uint64_t)(now / 1000000), &w);
    hf_buf_put(&call->scratch, note.ptr, note.len);
    hf_buf_put(&call->scratch, line, w.len);
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
    t->segments++;
    t->last_segment = call->post.append.first;
    call->hub->segments++;
    hf_hub_reached(call->hub, &call->post.append);
    answer_receipt(call, 200);
}

static void answer_resume(struct hf_hub_call *call)
{
    struct hf_json_out json;
    hf_call_problem_begin(call, HF_PROBLEM_RESUME,
                          "The segment does not begin where the mirror ends; send from there.",
                          &json);
    hf_json_key_u64(&json, "epoch", call->tenant->mirror.epoch);
    hf_json_key_u64(&json, "size", call->tenant->mirror.frontier.size);
    hf_call_problem_end(call, HF_PROBLEM_RESUME, &json);
}

static void post_segment(struct hf_hub_call *call, const struct hf_segment *segment,
                         const struct hf_hash *root)
{
    char stream[64];
    char producer[64];
    const char *name = call->tenant->life.name;
    const struct hf_event_segment_received event = {.tenant = hf_str_c(name),
                                                    .epoch = segment->epoch,
                                                    .first = segment->first,
                                                    .end = segment->end,
                                                    .root = hf_bytes_of(root->b, HF_HASH_SIZE)};
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
    call->tenant->receiving = true;
    hf_call_post(call, &post, received);
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
    call->answer_note = segment.note;
    if (rc == HF_OK) {
        post_segment(call, &segment, &root);
        return;
    }
    if (rc == HF_EEXIST && segment.end == t->mirror.frontier.size) {
        answer_receipt(call, 200); /* its answer was lost */
        return;
    }
    if (rc == HF_EEXIST || rc == HF_ECONFLICT) {
        answer_resume(call);
        return;
    }
    hub->segments_refused++;
    hf_log(hub->logger, HF_LOG_WARN, "segment.refused", hf_f_c("tenant", t->life.name),
           hf_f_err(&err), hf_f_str("checkpoint", hf_bytes_str(segment.note)));
    hf_call_refuse(call, &err);
}
