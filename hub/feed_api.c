/* hub/feed_api.c: what comes down from the region: directives with proofs to agents, its log as
 * segments to other regions. Whoever asks may wait for it.
 */
#include <stdio.h>

#include "base/base64.h"
#include "base/heap.h"
#include "hub/agent_key.h"
#include "log/mirror/follow.h"
#include "log/owned/cut.h"
#include "log/tlog/proof_file.h"

#define SECOND    UINT64_C(1000000000)
#define ITEMS_MAX 8 /* an agent's answer has at most 64 KiB */

struct poll {
    struct hf_hub_follower follower;
    struct hf_timer timer;
    bool waits;
    struct hf_hub_tenant *tenant; /* an agent's: */
    uint64_t after;
    uint64_t size;
    uint64_t from; /* a region's: */
    bool blobs;
};

static struct poll *poll_of(struct hf_hub_follower *follower)
{
    return HF_CONTAINER_OF(follower, struct poll, follower);
}

static void late(struct hf_timer *timer)
{
    struct poll *poll = HF_CONTAINER_OF(timer, struct poll, timer);
    poll->waits = false;
    hf_hub_follower_ready(&poll->follower);
}

static void poll_over(struct hf_hub_holder *holder)
{
    struct poll *poll = HF_CONTAINER_OF(holder, struct poll, follower.holder);
    hf_hub_follower_leave(&poll->follower);
    hf_timer_cancel(&poll->timer);
    hf_heap_free(poll);
}

static void refuse(struct poll *poll, enum hf_problem problem, const char *detail)
{
    const struct hf_api_problem *known = &hf_api_problem_types[problem];
    hf_hub_follower_leave(&poll->follower);
    hf_http_problem(poll->follower.exchange, known->status, known->name, detail);
}

/* Takes the call's exchange over and runs once; answers when it cannot. */
static void begin(struct hf_hub_call *call, const struct poll *as, uint64_t wait_s,
                  void (*run)(struct hf_hub_follower *follower))
{
    struct poll *poll = hf_heap_zalloc(1, sizeof *poll);
    if (poll == NULL) {
        hf_call_problem(call, HF_PROBLEM_OUT_OF_MEMORY, "The Hub has no memory for this call.");
        return;
    }
    *poll = *as;
    poll->waits = wait_s > 0;
    poll->follower.holder.over = poll_over;
    poll->follower.run = run;
    hf_timer_init(&poll->timer, call->hub->loop, late);
    if (poll->waits && hf_timer_arm(&poll->timer, wait_s * SECOND) != HF_OK) {
        poll->waits = false;
    }
    hf_call_hand_over(call, &poll->follower);
    hf_hub_follower_ready(&poll->follower);
}

/* directives */

static enum hf_rc put_consistency(const struct hf_hub *hub, uint64_t from, uint64_t to,
                                  struct hf_json_out *json, struct hf_err *err)
{
    struct hf_proof proof = {.count = 0};
    enum hf_rc rc = HF_OK;
    if (from > 0 && from < to) {
        rc = hf_prove_consistency(hf_log_source(hub->log.log), from, to, &proof, err);
    }
    hf_json_key(json, HF_STR("consistency"));
    hf_json_array_begin(json);
    for (unsigned i = 0; rc == HF_OK && i < proof.count; i++) {
        hf_json_base64(json, hf_bytes_of(proof.hash[i].b, HF_HASH_SIZE));
    }
    hf_json_array_end(json);
    return rc;
}

struct shown {
    struct hf_bytes note;
    uint64_t size;
    struct hf_packer *packer;
    struct hf_buf entry;
    struct hf_buf proof;
};

static enum hf_rc put_item(const struct hf_hub *hub, uint64_t index, struct shown *shown,
                           struct hf_json_out *json, struct hf_err *err)
{
    struct hf_proof_file file = {.index = index, .note = shown->note};
    enum hf_rc rc = hf_log_entry(hub->log.log, shown->packer, index, &shown->entry, err);
    if (rc == HF_OK) {
        rc = hf_prove_inclusion(hf_log_source(hub->log.log), index, shown->size, &file.proof, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    hf_buf_clear(&shown->proof);
    uint8_t *room = hf_buf_reserve(&shown->proof, HF_PROOF_FILE_MAX);
    struct hf_writer w = hf_writer_init(room, room == NULL ? 0 : HF_PROOF_FILE_MAX);
    hf_proof_file_format(&file, &w);
    if (w.overflow) {
        return hf_err_set(err, HF_ENOMEM, "no memory for a proof");
    }
    hf_json_object_begin(json);
    hf_json_key(json, HF_STR("entry"));
    hf_json_base64(json, hf_buf_bytes(&shown->entry));
    hf_json_key(json, HF_STR("proof"));
    hf_json_base64(json, hf_writer_done(&w));
    hf_json_object_end(json);
    return HF_OK;
}

/* Everything of it is of one checkpoint, so that one proof of consistency is enough. */
static enum hf_rc write_feed(struct poll *poll, const struct hf_hub_directive *directives,
                             unsigned count, struct hf_buf *text, struct hf_err *err)
{
    const struct hf_hub *hub = poll->follower.hub;
    struct hf_json_out json;
    struct shown shown = {.entry = hf_buf_init(HF_LEAF_MAX),
                          .proof = hf_buf_init(HF_PROOF_FILE_MAX)};
    enum hf_rc rc = hf_hub_checkpoint(hub, &shown.note, &shown.size, err);
    hf_json_init(&json, text);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "checkpoint", hf_bytes_str(shown.note));
    if (rc == HF_OK) {
        rc = put_consistency(hub, poll->size, shown.size, &json, err);
    }
    if (rc == HF_OK && count > 0) {
        rc = hf_packer_new(&shown.packer);
    }
    hf_json_key(&json, HF_STR("items"));
    hf_json_array_begin(&json);
    for (unsigned i = 0; rc == HF_OK && i < count && directives[i].index < shown.size; i++) {
        rc = put_item(hub, directives[i].index, &shown, &json, err);
    }
    hf_json_array_end(&json);
    hf_json_object_end(&json);
    hf_packer_free(shown.packer);
    hf_buf_free(&shown.entry);
    hf_buf_free(&shown.proof);
    return rc == HF_OK ? text->failed : rc;
}

static void answer_feed(struct poll *poll, const struct hf_hub_directive *directives,
                        unsigned count)
{
    struct hf_err err = {0};
    struct hf_buf text = hf_buf_init(1u << 20);
    if (write_feed(poll, directives, count, &text, &err) == HF_OK) {
        hf_hub_follower_leave(&poll->follower);
        hf_http_answer(poll->follower.exchange, 200, "application/json", hf_buf_bytes(&text));
    } else {
        hf_log(poll->follower.hub->logger, HF_LOG_ERROR, "feed.failed", hf_f_err(&err));
        refuse(poll, HF_PROBLEM_FAILED, "The Hub could not prove a directive; see its log.");
    }
    hf_buf_free(&text);
}

static void run_feed(struct hf_hub_follower *follower)
{
    struct poll *poll = poll_of(follower);
    struct hf_hub *hub = follower->hub;
    struct hf_hub_directive found[ITEMS_MAX];
    const struct hf_tenant *life = &poll->tenant->life;
    /* While it waited it may have been let out. */
    if (life->status != HF_TENANT_ACTIVE ||
        hf_hub_tenant_by_key(hub, hf_http_exchange_request(follower->exchange)) != poll->tenant) {
        refuse(poll, HF_PROBLEM_UNKNOWN_AGENT, "The API key is not good any more.");
        return;
    }
    unsigned count = hf_hub_directives_for(&hub->directives, hf_str_c(life->name), poll->after,
                                           life->registered_us, found, ITEMS_MAX);
    if (count == 0 && poll->waits && !hub->followers.closing &&
        hf_hub_directives_wait(&hub->directives, hf_str_c(life->name), follower) == HF_OK) {
        return;
    }
    answer_feed(poll, found, count);
}

void hf_serve_feed(struct hf_hub_call *call)
{
    const struct hf_api_feed_query *query = &call->asked.feed;
    const struct poll poll = {.tenant = call->tenant,
                              .after = query->has_after ? query->after : 0,
                              .size = query->has_size ? query->size : 0};
    begin(call, &poll, query->has_wait_s ? query->wait_s : 0, run_feed);
}

/* the region's log */

static void run_region(struct hf_hub_follower *follower)
{
    struct poll *poll = poll_of(follower);
    struct hf_hub *hub = follower->hub;
    struct hf_err err = {0};
    char detail[160];
    struct hf_buf out = hf_buf_init(poll->blobs ? HF_FOLLOW_PART_MAX : HF_SEGMENT_MAX);
    uint64_t end = 0;
    if (poll->from > hf_log_size(hub->log.log)) {
        (void)snprintf(detail, sizeof detail,
                       "This log has %llu entries: who has more followed another one, or this one "
                       "was put back.",
                       (unsigned long long)hf_log_size(hub->log.log));
        refuse(poll, HF_PROBLEM_FORK, detail);
        return;
    }
    if (poll->from == hf_log_size(hub->log.log)) {
        if (poll->waits && !hub->followers.closing) {
            hf_hub_follower_wait(follower);
            return;
        }
        hf_hub_follower_leave(follower);
        hf_http_answer(follower->exchange, 204, NULL, (struct hf_bytes){NULL, 0});
        return;
    }
    enum hf_rc rc = poll->blobs
                        ? hf_owned_cut_part(&hub->log, poll->from, &out, &err)
                        : hf_owned_cut(&hub->log, /* epoch= */ 1, poll->from, &out, &end, &err);
    if (rc == HF_OK) {
        hf_hub_follower_leave(follower);
        hf_http_answer(follower->exchange, 200, "application/octet-stream", hf_buf_bytes(&out));
    } else {
        hf_log(hub->logger, HF_LOG_ERROR, "feed.failed", hf_f_err(&err));
        refuse(poll, HF_PROBLEM_FAILED,
               "The Hub could not read its log; see its log on the server.");
    }
    hf_buf_free(&out);
}

void hf_serve_feed_region(struct hf_hub_call *call)
{
    const struct hf_api_feed_region_query *query = &call->asked.feed_region;
    const struct poll poll = {.from = query->has_from ? query->from : 0,
                              .blobs = query->has_blobs && query->blobs == 1};
    begin(call, &poll, query->has_wait_s ? query->wait_s : 0, run_region);
}
