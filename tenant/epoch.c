/* tenant/epoch.c: a new epoch of the tenant's log: a fresh log beside the old one.
 *
 * Epoch 1 lies in the folder "log", epoch N in "log-N". The file epoch.json says which one is being
 * written, and it is replaced before the new log is made and again when all is in it, so that an
 * interruption anywhere is taken up where it was: the new log's first entry is epoch.opened, then
 * follow the old log's entries that the region does not have (tenant/known.h), each with its
 * producer and sequence, so what is in the new log already tells how many are left. Only then
 * programs append again. The old log stays as it is.
 */
#include <stdio.h>

#include "base/assert.h"
#include "base/parse.h"
#include "log/core/reader.h"
#include "log/mirror/segment.h"
#include "schemas/events_gen.h"
#include "tenant/agent.h"

#define RETRY_NS    UINT64_C(5000000000)
#define BATCH_BYTES (1u << 20)

static void path_of_log(const struct hf_agent *agent, uint32_t epoch, const char *file,
                        char out[HF_PATH_MAX])
{
    char number[16] = "";
    if (epoch > 1) {
        (void)snprintf(number, sizeof number, "-%u", epoch);
    }
    (void)snprintf(out, HF_PATH_MAX, "%s/log%s%s", agent->dir, number, file);
}

static void nothing(void *arg)
{
    (void)arg;
}

static enum hf_rc open_one(struct hf_agent *agent, uint32_t epoch, uint32_t before,
                           struct hf_owned *ret_log, struct hf_err *err)
{
    char dir[HF_PATH_MAX];
    char key[HF_PATH_MAX];
    char origin[HF_KEY_NAME_MAX + 1];
    (void)snprintf(origin, sizeof origin, "%s/tenant/%s/%u", agent->region.region,
                   agent->region.tenant, epoch);
    path_of_log(agent, epoch, "", dir);
    path_of_log(agent, before, "/key", key);
    const struct hf_owned_conf owned = {.loop = agent->loop,
                                        .disk = agent->disk,
                                        .dir = dir,
                                        .origin = origin,
                                        .program = "holdfast-agent",
                                        .key_file = before > 0 ? key : NULL,
                                        .host_key = &agent->host_key,
                                        .free_floor = agent->conf.free_floor,
                                        .changed = hf_agent_log_changed,
                                        .arg = agent};
    enum hf_rc rc = hf_owned_open(&owned, ret_log, err);
    if (rc != HF_OK) {
        HF_ASSERT(ret_log->writer == NULL); /* so that it closes at once */
        hf_owned_close(ret_log, nothing, NULL);
        return rc;
    }
    hf_owned_tell_index(ret_log, agent->logger);
    return HF_OK;
}

/* What is left of an interrupted beginning goes out of the way. Until an epoch is done its log
 * holds nothing that the old one does not. */
static enum hf_rc clear_folder(struct hf_agent *agent, uint32_t epoch, struct hf_err *err)
{
    char dir[HF_PATH_MAX];
    char aside[HF_PATH_MAX + 32];
    path_of_log(agent, epoch, "", dir);
    if (!hf_disk_exists(agent->disk, dir)) {
        return HF_OK;
    }
    (void)snprintf(aside, sizeof aside, "%s.left-%lld", dir,
                   (long long)hf_env_wall_us(hf_loop_env(agent->loop)));
    return hf_disk_move(agent->disk, dir, aside, err);
}

enum hf_rc hf_agent_open_log(struct hf_agent *agent, struct hf_err *err)
{
    const struct hf_agent_epoch *epoch = &agent->epoch;
    if (strlen(agent->dir) + sizeof "/log-4294967295/key" > HF_PATH_MAX) {
        return hf_err_set(err, HF_ETOOBIG, "the path %s is too long", agent->dir);
    }
    enum hf_rc rc = HF_OK;
    if (!epoch->done && !agent->carry.open) {
        agent->carry.open = true;
        rc = open_one(agent, epoch->old_epoch, 0, &agent->carry.log, err);
    }
    if (rc == HF_OK) {
        rc = open_one(agent, epoch->epoch, epoch->old_epoch, &agent->log, err);
    }
    if (rc != HF_OK && rc != HF_ELOCKED && !epoch->done && agent->carry.log.log != NULL) {
        rc = clear_folder(agent, epoch->epoch, err);
        if (rc == HF_OK) {
            rc = open_one(agent, epoch->epoch, epoch->old_epoch, &agent->log, err);
        }
    }
    if (rc == HF_OK) {
        agent->log_vkey = hf_log_identity(agent->log.log)->vkey;
    }
    return rc;
}

/* beginning */

/* Below this index the region has every entry: the receipt says so, when it is about this log. */
uint64_t hf_agent_surely_known(struct hf_agent *agent)
{
    struct hf_checkpoint receipt;
    struct hf_hash root;
    uint8_t note[HF_MARK_MAX];
    size_t len = 0;
    uint64_t known = 0;
    uint64_t size = hf_log_size(agent->log.log);
    if (hf_agent_load_receipt(agent, &receipt, note, &len) && receipt.size <= size &&
        hf_tree_root(hf_log_source(agent->log.log), receipt.size, &root, NULL) == HF_OK &&
        hf_hash_eq(&root, &receipt.root)) {
        return receipt.size;
    }
    if (hf_mark_read(agent->log.place, "behind", note, sizeof note, &len, NULL) == HF_OK &&
        hf_parse_u64((struct hf_str){(const char *)note, len}, 0, size, &known) == HF_OK) {
        return known;
    }
    return 0;
}

enum hf_rc hf_agent_begin_epoch(struct hf_agent *agent, const char *reason, struct hf_err *err)
{
    HF_ASSERT(agent->sm.state == HF_AGENT_HALTED && !agent->carry.open);
    const struct hf_agent_epoch before = agent->epoch;
    uint32_t newest =
        agent->trouble.hub_epoch > before.epoch ? agent->trouble.hub_epoch : before.epoch;
    if (newest >= UINT32_MAX - 1) {
        return hf_err_set(err, HF_EINVAL, "there is no epoch after %u", newest);
    }
    struct hf_agent_epoch next = {.epoch = newest + 1,
                                  .old_epoch = before.epoch,
                                  .carried_from = agent->known.ready ? agent->known.size
                                                                     : hf_agent_surely_known(agent),
                                  .opened_us = hf_env_wall_us(hf_loop_env(agent->loop))};
    if (before.epoch > 1 && next.carried_from == 0) {
        next.carried_from = 1; /* how that epoch was opened is not told again */
    }
    (void)snprintf(next.reason, sizeof next.reason, "%s", reason);
    enum hf_rc rc = clear_folder(agent, next.epoch, err);
    agent->epoch = next;
    if (rc == HF_OK) {
        rc = hf_agent_save_epoch(agent, err);
    }
    if (rc != HF_OK) {
        agent->epoch = before;
        return rc;
    }
    /* From here on there is no way back: a restart would go on with it too. */
    hf_log(agent->logger, HF_LOG_INFO, "epoch.begun", hf_f_u64("epoch", next.epoch),
           hf_f_u64("carried_from", next.carried_from), hf_f_c("reason", next.reason));
    hf_agent_views_close(&agent->views);
    hf_agent_known_forget(agent);
    agent->carry.log = agent->log;
    agent->carry.open = true;
    agent->log = (struct hf_owned){.loop = agent->loop};
    hf_agent_move(agent, HF_AGENT_OPENING);
    return HF_OK;
}

/* carrying */

static void retry(struct hf_agent *agent, const struct hf_err *err)
{
    hf_log(agent->logger, HF_LOG_ERROR, "epoch.not_opened_yet", hf_f_err(err));
    (void)hf_timer_arm(&agent->word, RETRY_NS);
}

static void opening_posted(struct hf_post *post)
{
    struct hf_agent *agent = HF_CONTAINER_OF(post, struct hf_agent, carry.opening);
    agent->carry.busy = false;
    if (agent->sm.state == HF_AGENT_CLOSING) {
        return;
    }
    if (post->append.rc == HF_OK) {
        hf_agent_carry_on(agent);
    } else {
        retry(agent, &post->append.err);
    }
}

/* The old log's newest receipt, which lies beside it. One that does not hold is left out: the
 * region would refuse the whole epoch for it. */
static size_t old_receipt(struct hf_agent *agent, uint8_t note[HF_MARK_MAX])
{
    struct hf_checkpoint checkpoint;
    size_t len = 0;
    return hf_agent_receipt_of(agent, &agent->carry.log, &checkpoint, note, &len) &&
                   len <= HF_SEGMENT_NOTE
               ? len
               : 0;
}

static enum hf_rc post_opening(struct hf_agent *agent, struct hf_err *err)
{
    char stream[64];
    char producer[64];
    uint8_t note[HF_MARK_MAX];
    uint8_t payload[4096];
    struct hf_hash root;
    struct hf_log *old = agent->carry.log.log;
    const struct hf_agent_epoch *epoch = &agent->epoch;
    const char *tenant = agent->region.tenant;
    enum hf_rc rc = hf_tree_root(hf_log_source(old), hf_log_size(old), &root, err);
    if (rc != HF_OK) {
        return rc;
    }
    size_t len = old_receipt(agent, note);
    const struct hf_event_epoch_opened event = {.tenant = hf_str_c(tenant),
                                                .epoch = epoch->epoch,
                                                .old_epoch = epoch->old_epoch,
                                                .old_size = hf_log_size(old),
                                                .old_root = hf_bytes_of(root.b, HF_HASH_SIZE),
                                                .carried_from = epoch->carried_from,
                                                .reason = hf_str_c(epoch->reason),
                                                .has_receipt = len > 0,
                                                .receipt = {(const char *)note, len}};
    rc = hf_event_epoch_opened_check(&event, err);
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_writer w = hf_writer_init(payload, sizeof payload);
    hf_event_epoch_opened_encode(&event, &w);
    (void)snprintf(stream, sizeof stream, "epoch/%s", tenant);
    (void)snprintf(producer, sizeof producer, "agent/%s", tenant);
    const struct hf_envelope envelope = {.type = HF_STR(HF_EVENT_EPOCH_OPENED_NAME),
                                         .schema_version = HF_EVENT_EPOCH_OPENED_VERSION,
                                         .producer = hf_str_c(producer),
                                         .sequence = epoch->epoch,
                                         .stream = hf_str_c(stream),
                                         .occurred_us = epoch->opened_us,
                                         .payload = hf_writer_done(&w)};
    const struct hf_post_conf conf = {.envelope = &envelope, .wait = HF_WAIT_DURABLE};
    agent->carry.opening.done = opening_posted;
    rc = hf_owned_post(&agent->log, &conf, &agent->carry.opening, err);
    agent->carry.busy = rc == HF_OK;
    return rc;
}

static void batch_appended(struct hf_append *append)
{
    struct hf_agent *agent = HF_CONTAINER_OF(append, struct hf_agent, carry.append);
    agent->carry.busy = false;
    if (agent->sm.state == HF_AGENT_CLOSING) {
        return;
    }
    if (append->rc == HF_OK) {
        hf_agent_carry_on(agent);
    } else {
        retry(agent, &append->err);
    }
}

/* One entry of the old log as it was submitted; *ret_blob: it names one, and goes alone. */
static enum hf_rc take_entry(struct hf_agent *agent, uint64_t index, struct hf_bytes entry,
                             bool *ret_blob, struct hf_err *err)
{
    struct hf_agent_carry *carry = &agent->carry;
    struct hf_envelope envelope;
    const uint8_t tag = HF_ENVELOPE_SUBMISSION_TAG;
    struct hf_hash hash;
    enum hf_rc rc = hf_envelope_read_leaf(entry, &envelope, err);
    if (rc != HF_OK) {
        return rc;
    }
    *ret_blob = envelope.blob.len == HF_HASH_SIZE;
    if (*ret_blob && carry->append.item_count > 0) {
        return HF_OK;
    }
    if (*ret_blob) {
        memcpy(hash.b, envelope.blob.ptr, HF_HASH_SIZE);
        hf_buf_clear(&carry->blob);
        rc = hf_log_blob_at(carry->log.log, index, &hash, &carry->blob, err);
        if (rc != HF_OK && rc != HF_ENOTFOUND) { /* an earlier entry may have brought it */
            return rc;
        }
    }
    /* The slices are set when all bytes are there: the buffer moves. */
    carry->items[carry->append.item_count++] = (struct hf_submission){
        .bytes = {NULL, envelope.body_len},
        .blob = *ret_blob ? hf_buf_bytes(&carry->blob) : (struct hf_bytes){NULL, 0}};
    hf_buf_put(&carry->bytes, &tag, 1);
    hf_buf_put(&carry->bytes, entry.ptr + 1, envelope.body_len - 1);
    return carry->bytes.failed == HF_OK
               ? HF_OK
               : hf_err_set(err, carry->bytes.failed, "no memory to carry entries over");
}

/* Fills the next batch from the old log's entry `from` on; empty: there are no more. */
static enum hf_rc fill_batch(struct hf_agent *agent, uint64_t from, struct hf_err *err)
{
    struct hf_agent_carry *carry = &agent->carry;
    struct hf_reader *reader = NULL;
    struct hf_reader_options options = {.from = from};
    bool alone = false;
    hf_buf_clear(&carry->bytes);
    carry->append =
        (struct hf_append){.items = carry->items, .wait = HF_WAIT_DURABLE, .done = batch_appended};
    enum hf_rc rc = hf_reader_open(carry->log.log, &options, &reader, err);
    while (rc == HF_OK && !alone && carry->append.item_count < HF_LEN(carry->items) &&
           carry->bytes.len < BATCH_BYTES) {
        uint64_t index = 0;
        struct hf_bytes entry;
        rc = hf_reader_next(reader, &index, &entry, err);
        if (rc == HF_OK) {
            rc = take_entry(agent, index, entry, &alone, err);
        }
    }
    hf_reader_close(reader);
    const uint8_t *at = carry->bytes.ptr;
    bool whole = rc == HF_OK || rc == HF_EEND; /* else there may be no bytes to point into */
    for (size_t i = 0; whole && i < carry->append.item_count; i++) {
        carry->items[i].bytes.ptr = at;
        at += carry->items[i].bytes.len;
    }
    return rc == HF_EEND ? HF_OK : rc;
}

static void old_closed(void *arg)
{
    struct hf_agent *agent = arg;
    agent->carry.open = false;
    agent->carry.closing = false;
    if (agent->sm.state == HF_AGENT_CLOSING && agent->local == NULL) {
        hf_agent_close_log(agent);
    }
}

void hf_agent_close_old(struct hf_agent *agent)
{
    if (!agent->carry.open) {
        hf_agent_close_log(agent);
    } else if (!agent->carry.closing) {
        agent->carry.closing = true;
        hf_owned_close(&agent->carry.log, old_closed, agent);
    }
}

static enum hf_rc finish(struct hf_agent *agent, struct hf_err *err)
{
    agent->epoch.done = true;
    enum hf_rc rc = hf_agent_save_epoch(agent, err);
    if (rc != HF_OK) {
        agent->epoch.done = false;
        return rc;
    }
    hf_log(agent->logger, HF_LOG_INFO, "epoch.opened", hf_f_u64("epoch", agent->epoch.epoch),
           hf_f_u64("entries", hf_log_size(agent->log.log)));
    hf_agent_well(agent);
    agent->carry.closing = true;
    hf_owned_close(&agent->carry.log, old_closed, agent);
    return hf_agent_run(agent, err);
}

static enum hf_rc carry_next(struct hf_agent *agent, struct hf_err *err)
{
    enum hf_rc rc = HF_OK;
    if (agent->log.log == NULL) {
        rc = hf_agent_open_log(agent, err);
        if (rc != HF_OK) {
            return rc;
        }
    }
    uint64_t there = hf_log_size(agent->log.log);
    if (there == 0) {
        return post_opening(agent, err);
    }
    rc = fill_batch(agent, agent->epoch.carried_from + there - 1, err);
    if (rc == HF_OK && agent->carry.append.item_count == 0) {
        return finish(agent, err);
    }
    if (rc == HF_OK) {
        agent->carry.busy = true;
        hf_append_submit(hf_log_writer_appender(agent->log.writer), &agent->carry.append);
    }
    return rc;
}

void hf_agent_carry_on(struct hf_agent *agent)
{
    struct hf_err err = {0};
    HF_ASSERT(agent->sm.state == HF_AGENT_OPENING && !agent->carry.busy);
    if (agent->word.fire == NULL) {
        hf_agent_watch_word(agent);
    }
    if (carry_next(agent, &err) != HF_OK) {
        retry(agent, &err);
    }
}
