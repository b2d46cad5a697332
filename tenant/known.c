/* tenant/known.c: asks the region for leaf hashes and counts how many are those of the log here. */
#include "tenant/known.h"

#include <stdio.h>

#include "base/assert.h"
#include "log/core/reader.h"
#include "tenant/agent.h"

static void ask(struct hf_timer *timer);

static void finish(struct hf_agent_known *known)
{
    known->ready = true;
    known->asking = false;
}

/* The same from known->size on? Moves it; false at the first that is not, or at the log's end. */
static bool compare(struct hf_agent *agent, struct hf_bytes hashes, struct hf_err *err)
{
    struct hf_agent_known *known = &agent->known;
    const struct hf_reader_options options = {.from = known->size};
    struct hf_reader *reader = NULL;
    bool same = hashes.len > 0 && hf_reader_open(agent->log.log, &options, &reader, err) == HF_OK;
    while (same && hashes.len > 0) {
        uint64_t index = 0;
        struct hf_bytes entry;
        struct hf_hash hash;
        same = hf_reader_next(reader, &index, &entry, err) == HF_OK && index == known->size;
        if (same) {
            hf_tree_leaf_hash(entry, &hash);
            same = memcmp(hash.b, hashes.ptr, HF_HASH_SIZE) == 0;
        }
        known->size += same ? 1 : 0;
        hashes = hf_bytes_of(hashes.ptr + HF_HASH_SIZE, hashes.len - HF_HASH_SIZE);
    }
    hf_reader_close(reader);
    return same;
}

static void answered(struct hf_http_call *call)
{
    struct hf_agent_job *job = HF_CONTAINER_OF(call, struct hf_agent_job, call);
    struct hf_agent_known *known = HF_CONTAINER_OF(job, struct hf_agent_known, job);
    struct hf_agent *agent = HF_CONTAINER_OF(known, struct hf_agent, known);
    struct hf_err err = call->err;
    struct hf_cursor cursor = hf_cursor_init(hf_buf_bytes(&call->answer));
    uint64_t first = 0;
    bool good = call->rc == HF_OK && call->status == 200 && hf_cursor_be64(&cursor, &first) &&
                first == known->size && cursor.left % HF_HASH_SIZE == 0;
    job->busy = false;
    if (hf_agent_state(agent) != HF_AGENT_HALTED) {
        hf_buf_free(&call->answer);
        known->asking = false;
        return;
    }
    if (good) {
        job->failures = 0;
        if (compare(agent, hf_bytes_of(cursor.ptr, cursor.left), &err)) {
            (void)hf_timer_arm(&job->timer, 0);
        } else {
            finish(known);
        }
    } else if (call->rc == HF_OK && call->status == 404) {
        finish(known); /* an older Hub, which has no such call */
    } else {
        hf_log(agent->logger, HF_LOG_WARN, "epoch.waits_for_region", hf_f_err(&err),
               hf_f_u64("status", (uint64_t)call->status));
        hf_agent_back_off(agent, job);
    }
    hf_buf_free(&call->answer);
}

static void ask(struct hf_timer *timer)
{
    struct hf_agent_job *job = HF_CONTAINER_OF(timer, struct hf_agent_job, timer);
    struct hf_agent_known *known = HF_CONTAINER_OF(job, struct hf_agent_known, job);
    struct hf_agent *agent = HF_CONTAINER_OF(known, struct hf_agent, known);
    char path[96];
    if (hf_agent_state(agent) != HF_AGENT_HALTED || job->busy) {
        return;
    }
    (void)snprintf(path, sizeof path, "/v1/log/leaves?epoch=%u&first=%llu", agent->epoch.epoch,
                   (unsigned long long)known->size);
    hf_agent_ask(agent, job, path, /* content_type= */ NULL, answered);
}

bool hf_agent_known_look(struct hf_agent *agent, uint64_t surely)
{
    struct hf_agent_known *known = &agent->known;
    if (known->ready || known->asking) {
        return known->ready;
    }
    known->size = surely;
    if (known->job.timer.fire == NULL) {
        hf_timer_init(&known->job.timer, agent->loop, ask);
    }
    known->asking = true;
    known->job.failures = 0;
    ask(&known->job.timer);
    return false;
}

void hf_agent_known_forget(struct hf_agent *agent)
{
    agent->known.ready = false;
    agent->known.asking = false;
}
